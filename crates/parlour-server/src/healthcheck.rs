//! `parlour healthcheck`: asks a node's operators' port, for containers that hold no other program.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::body::{Body, to_bytes};
use axum::http::header::HOST;
use axum::http::{Request, StatusCode, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Config, admin};

/// How long the answer may take. The node itself gives its store 2 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What to ask.
#[derive(Debug, clap::Args)]
pub(crate) struct HealthcheckArgs {
    /// The address to ask, like `http://127.0.0.1:8081/readyz`. Without it, `/readyz` of the configuration's
    /// `admin_listen`.
    #[arg(long, conflicts_with_all = ["live", "config"])]
    url: Option<Uri>,
    /// Ask only whether the process answers, not whether it takes clients.
    #[arg(long)]
    live: bool,
    /// The configuration of the node.
    #[arg(long, short)]
    config: Option<PathBuf>,
}

/// Answers what the node says if all is well.
///
/// # Errors
/// When it cannot be reached in time or says that it is not well, with what it says.
pub(crate) async fn run(args: &HealthcheckArgs) -> anyhow::Result<String> {
    let url = args.url()?;
    let asked = tokio::time::timeout(ANSWER_WITHIN, ask(&url)).await;
    let (status, text) = asked
        .with_context(|| format!("{url} did not answer within {} s", ANSWER_WITHIN.as_secs()))?
        .with_context(|| format!("{url} cannot be asked"))?;
    ensure!(status.is_success(), "{url} says {status}: {text}");
    Ok(text)
}

impl HealthcheckArgs {
    fn url(&self) -> anyhow::Result<Uri> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let config = Config::load(self.config.as_deref())?;
        let path = if self.live { "/healthz" } else { "/readyz" };
        let address = admin::dialled(config.admin_listen);
        Ok(format!("http://{address}{path}").parse()?)
    }
}

async fn ask(url: &Uri) -> anyhow::Result<(StatusCode, String)> {
    if url.scheme_str() != Some("http") {
        bail!("the address must start with http://");
    }
    let host = url.host().context("the address names no host")?;
    let address = format!("{host}:{}", url.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(&address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, &address)
        .body(Body::empty())?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await?;
        let text = String::from_utf8_lossy(&body).trim_end().to_owned();
        anyhow::Ok((status, text))
    };
    tokio::pin!(connection);
    tokio::pin!(answer);
    let mut ended = false;
    loop {
        tokio::select! {
            // An answer that is there counts, even if the connection ends with it.
            biased;
            answer = &mut answer => return answer,
            done = &mut connection, if !ended => { done?; ended = true; }
        }
    }
}
