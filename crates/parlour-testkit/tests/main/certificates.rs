//! TLS to the store and to Redis, against real servers: whose certificate is trusted, and what is said of one that is not.

use std::path::{Path, PathBuf};

use parlour_testkit::Server;
use parlour_testkit::services::Redis;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::deployment::{Deployment, REDIS_PORT, test_variable};
use crate::support::they_talk;
use crate::waiting::{Waiting, bus_detail, bus_is, store_detail, until_report};

/// What the TLS library says of a certificate that nobody trusted has signed.
const UNKNOWN: &str = "UnknownIssuer";

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What those who trust it are given.
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            file,
        }
    }

    fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// The deployment's Redis, speaking TLS only, under a certificate of this authority.
    async fn redis(&self, deployment: &Deployment) -> Redis {
        let folder = deployment.folder();
        let (host, port) = (deployment.redis_host(), REDIS_PORT.to_string());
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_string()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (certificate_file, key_file) = (folder.join("redis.pem"), folder.join("redis.key"));
        std::fs::write(&certificate_file, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let text = |path: &Path| path.display().to_string();
        let (certificate, key) = (text(&certificate_file), text(&key_file));
        let trusted = self.file();
        let mut speaking = vec!["--port", "0", "--tls-port", &port];
        speaking.extend(["--tls-auth-clients", "no", "--tls-ca-cert-file", &trusted]);
        speaking.extend(["--tls-cert-file", &certificate, "--tls-key-file", &key]);
        Redis::start_with(folder, host, &speaking).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_is_used_if_its_certificate_is_trusted_and_else_the_operator_is_told() {
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let folder = deployment.folder();
    let (ours, others) = (
        Authority::new(folder, "ours"),
        Authority::new(folder, "others"),
    );
    let _redis = ours.redis(&deployment).await;

    let encrypted = |authority: &Authority| {
        let launch = deployment.launch().with("BUS__TLS", "true");
        launch.with("BUS__TLS_CA_FILE", authority.file())
    };
    let mut trusting = Server::start(encrypted(&ours)).await.unwrap();
    until_report(&trusting.admin_url(), |report| bus_is(report, "up")).await;
    they_talk(&trusting).await;

    let mut doubting = Server::start(encrypted(&others)).await.unwrap();
    let says_why = |report: &_| bus_detail(report).contains(UNKNOWN);
    let report = until_report(&doubting.admin_url(), says_why).await;
    assert!(bus_is(&report, "away"), "{report}");
    assert_eq!(report["ready"], true, "it serves from the store: {report}");
    they_talk(&doubting).await;
    for node in [&mut trusting, &mut doubting] {
        node.terminate().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_used_if_its_certificate_is_trusted_and_else_waited_for() {
    let Some(certificate) = test_variable("TEST_CASSANDRA_CA") else {
        return;
    };
    let Some(deployment) = Deployment::find().await else {
        return;
    };
    let _redis = deployment.redis().await;
    let trusting = deployment.launch().with("STORE__TLS", "true");
    let trusting = trusting.with("STORE__TLS_CA_FILE", certificate);
    let mut trusting = Server::start(trusting).await.unwrap();
    they_talk(&trusting).await;
    trusting.terminate().await.unwrap();

    let others = Authority::new(deployment.folder(), "others");
    let mut settings = deployment.settings();
    settings.push(("STORE__TLS", "true".to_owned()));
    settings.push(("STORE__TLS_CA_FILE", others.file()));
    let doubting = Waiting::start(settings);
    let says_why = |report: &_| store_detail(report).contains(UNKNOWN);
    let report = until_report(&doubting.operators_url(), says_why).await;
    assert_eq!(report["ready"], false, "{report}");
    assert!(store_detail(&report).contains("and TLS"), "{report}");
}
