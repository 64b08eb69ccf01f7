//! How connections to store and bus are encrypted.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What a client of `section` trusts: the certificates of `ca_file`, or those that the system trusts.
///
/// # Errors
/// A sentence that names the key.
pub(crate) fn client(section: &str, ca_file: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let roots = match ca_file {
        Some(file) => from_file(file).with_context(|| {
            format!("configuration: `{section}.tls_ca_file` {}", file.display())
        })?,
        None => of_the_system().with_context(|| format!("configuration: `{section}.tls`"))?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(file: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).context("cannot be read")?;
    for certificate in certificates {
        roots.add(certificate.context("is not a PEM file")?)?;
    }
    if roots.is_empty() {
        bail!("holds no certificate");
    }
    Ok(roots)
}

fn of_the_system() -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        bail!("the system trusts no certificate; install its certificates or set `tls_ca_file`");
    }
    Ok(roots)
}
