//! The web client: the files of `web/app/dist` as they were when this program was compiled.
//!
//! - Each file has a route of its own, so a path that is none of them is answered as everywhere else. Being public they have no
//!   rows in the table of who may use what.
//! - They do not count toward the rate of an address: whoever cannot load the page cannot even be told why.
//! - Every profile embeds them: a program that was built is whole, wherever it is copied.
//! - Without that folder everything compiles, and `/` says how to build it.

mod file;
mod policy;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::rest::Failure;
use crate::router::no_such_route;
use file::File;

#[derive(RustEmbed)]
#[folder = "../../web/app/dist"]
#[allow_missing = true]
struct Dist;

/// The page that browsers ask for as `/`.
const INDEX: &str = "index.html";
/// The build gives everything below it a name that stands for its content.
const HASHED: &str = "assets/";
/// What stands at `/` when there was no web client to embed.
const NOT_BUILT: &str = include_str!("web/not-built.html");

/// What the files are asked by: their path, `/` for the page.
type Files = Arc<BTreeMap<String, File>>;

/// The routes of the web client; none if it is not `enabled`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(enabled: bool) -> Router<S> {
    if enabled {
        routes_of::<Dist, S>()
    } else {
        Router::new()
    }
}

fn routes_of<E: RustEmbed, S: Clone + Send + Sync + 'static>() -> Router<S> {
    let files = files::<E>();
    let router = if files.contains_key("/") {
        serving(files)
    } else {
        Router::new().route("/", get(not_built))
    };
    router.layer(map_response(policy::protect))
}

/// One route for each file, and one for all that are hashed: their names change with every build, and routes are labels of metrics.
fn serving<S: Clone + Send + Sync + 'static>(files: Files) -> Router<S> {
    let still = files.keys().filter(|path| !path[1..].starts_with(HASHED));
    let paths = still.cloned().chain(["/assets/{file}".to_owned()]);
    let router: Router<Files> = paths.fold(Router::new(), |router, path| {
        router.route(&path, get(embedded))
    });
    router.with_state(files)
}

async fn embedded(
    State(files): State<Files>,
    path: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    match files.get(path.path()) {
        Some(file) => Ok(file.answer(&headers)),
        None => Err(no_such_route().await),
    }
}

/// Not an error of the request, but nothing that may be remembered either.
async fn not_built() -> impl IntoResponse {
    (StatusCode::OK, Html(NOT_BUILT))
}

fn files<E: RustEmbed>() -> Files {
    let names = E::iter().filter(|name| !name.ends_with(file::PACKED));
    let files = names.filter_map(|name| {
        let packed = E::get(&format!("{name}{}", file::PACKED));
        let file = File::new(E::get(&name)?, packed, name.starts_with(HASHED));
        let path = if name == INDEX { "" } else { &name };
        Some((format!("/{path}"), file))
    });
    Arc::new(files.collect())
}

#[cfg(test)]
mod tests;
