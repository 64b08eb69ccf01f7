//! Which crate may name which: the layer table, compared with what the manifests say.
//!
//! Only direct edges between our own crates are judged. A new edge is an architectural decision and changes [`LAYERS`] in a pull request of its own.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata};

use super::Violation;

/// One crate's row in the layer table.
struct Layer {
    name: &'static str,
    /// What its product code may name.
    uses: &'static [&'static str],
    /// What only its tests may name in addition.
    tests_use: &'static [&'static str],
}

/// The layer table, lowest layer first.
///
/// * `parlour-model` is the vocabulary and names nobody; the seams (`-store`, `-bus`) and the wire (`-protocol`) name only it.
/// * A backend names its seam and the model, and only `parlour-server` names a backend: the rest of the product cannot tell which one it runs on.
/// * The service knows no wire and no socket, the gateway knows no store and no bus.
/// * Tests below the server may build on the embedded store, because a second, fake store would drift from it; the gateway's tests
///   also need what a service is built from. Nobody at or below the server tests with `parlour-testkit`, which stands on all of them:
///   tests of the whole live in `parlour-testkit/tests`.
const LAYERS: &[Layer] = &[
    Layer {
        name: "parlour-model",
        uses: &[],
        tests_use: &[],
    },
    Layer {
        name: "parlour-protocol",
        uses: &["parlour-model"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-store",
        uses: &["parlour-model"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-bus",
        uses: &["parlour-model"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-store-embedded",
        uses: &["parlour-model", "parlour-store"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-store-scylla",
        uses: &["parlour-model", "parlour-store"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-bus-redis",
        uses: &["parlour-model", "parlour-bus"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-delivery",
        uses: &[
            "parlour-model",
            "parlour-protocol",
            "parlour-store",
            "parlour-bus",
        ],
        tests_use: &["parlour-store-embedded"],
    },
    Layer {
        name: "parlour-service",
        uses: &["parlour-model", "parlour-store", "parlour-delivery"],
        tests_use: &["parlour-protocol", "parlour-bus", "parlour-store-embedded"],
    },
    Layer {
        name: "parlour-gateway",
        uses: &[
            "parlour-model",
            "parlour-protocol",
            "parlour-delivery",
            "parlour-service",
        ],
        tests_use: &["parlour-store", "parlour-bus", "parlour-store-embedded"],
    },
    Layer {
        name: "parlour-client",
        uses: &["parlour-model", "parlour-protocol"],
        tests_use: &[],
    },
    Layer {
        name: "parlour-server",
        uses: &[
            "parlour-model",
            "parlour-protocol",
            "parlour-store",
            "parlour-bus",
            "parlour-store-embedded",
            "parlour-store-scylla",
            "parlour-bus-redis",
            "parlour-delivery",
            "parlour-service",
            "parlour-gateway",
            "parlour-client",
        ],
        tests_use: &[],
    },
    Layer {
        name: "parlour-testkit",
        uses: &[
            "parlour-model",
            "parlour-protocol",
            "parlour-store",
            "parlour-bus",
            "parlour-store-embedded",
            "parlour-store-scylla",
            "parlour-bus-redis",
            "parlour-delivery",
            "parlour-service",
            "parlour-gateway",
            "parlour-client",
            "parlour-server",
        ],
        tests_use: &[],
    },
    Layer {
        name: "parlour-bench",
        uses: &[
            "parlour-model",
            "parlour-protocol",
            "parlour-client",
            "parlour-store",
            "parlour-store-embedded",
            "parlour-store-scylla",
            "parlour-bus",
            "parlour-bus-redis",
            "parlour-testkit",
        ],
        tests_use: &[],
    },
    Layer {
        name: "xtask",
        uses: &[],
        tests_use: &[],
    },
];

/// What one crate's manifest says about the other crates of the workspace.
#[derive(Debug, Clone)]
pub(super) struct Edges {
    name: String,
    manifest: String,
    uses: BTreeSet<String>,
    tests_use: BTreeSet<String>,
}

/// Reads the edges between workspace crates from what cargo says.
pub(super) fn edges(metadata: &Metadata) -> Vec<Edges> {
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let named = |package: &cargo_metadata::Package, in_tests: bool| {
        let wanted = |kind| (kind == DependencyKind::Development) == in_tests;
        let dependencies = package.dependencies.iter();
        dependencies
            .filter(|dependency| wanted(dependency.kind) && ours.contains(dependency.name.as_str()))
            .map(|dependency| dependency.name.clone())
            .collect()
    };
    let root = &metadata.workspace_root;
    packages
        .iter()
        .map(|package| Edges {
            name: package.name.to_string(),
            manifest: package
                .manifest_path
                .strip_prefix(root)
                .unwrap_or(&package.manifest_path)
                .to_string(),
            uses: named(package, false),
            tests_use: named(package, true),
        })
        .collect()
}

/// Compares the edges with the table, in both directions.
pub(super) fn judge(crates: &[Edges]) -> Vec<Violation> {
    let mut violations: Vec<Violation> = crates.iter().flat_map(judge_crate).collect();
    let gone = LAYERS
        .iter()
        .filter(|layer| crates.iter().all(|edges| edges.name != layer.name));
    violations.extend(gone.map(|layer| {
        let what = format!(
            "the layer table has a row for {}, which is no crate",
            layer.name
        );
        Violation::new(file!(), 1, what, "remove the row from LAYERS")
    }));
    violations
}

fn judge_crate(edges: &Edges) -> Vec<Violation> {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == edges.name) else {
        let what = format!("{} has no row in the layer table", edges.name);
        let cure = format!("decide its layer and add it to LAYERS in {}", file!());
        return vec![Violation::new(&edges.manifest, 1, what, cure)];
    };
    let in_product = |name: &String| layer.uses.contains(&name.as_str());
    let in_tests = |name: &String| in_product(name) || layer.tests_use.contains(&name.as_str());
    let product = edges.uses.iter().filter(|name| !in_product(name));
    let tests = edges.tests_use.iter().filter(|name| !in_tests(name));
    let forbidden = |what: &'static str| {
        move |name: &String| {
            let what = format!("{} {what} {name}, against the layer table", edges.name);
            let cure = "take what you need through a layer that it may name, or move the code";
            Violation::new(&edges.manifest, 1, what, cure)
        }
    };
    product
        .map(forbidden("names"))
        .chain(tests.map(forbidden("names in its tests")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(name: &str, uses: &[&str], tests_use: &[&str]) -> Edges {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Edges {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            uses: set(uses),
            tests_use: set(tests_use),
        }
    }

    /// What is wrong with one crate, without the complaints about all the crates that are missing here.
    fn complaints(crates: &Edges) -> Vec<String> {
        judge_crate(crates)
            .into_iter()
            .map(|violation| violation.what)
            .collect()
    }

    #[test]
    fn the_gateway_may_not_name_a_store() {
        let gateway = edges(
            "parlour-gateway",
            &["parlour-service", "parlour-store"],
            &[],
        );
        assert_eq!(
            complaints(&gateway),
            ["parlour-gateway names parlour-store, against the layer table"]
        );
    }

    #[test]
    fn tests_may_name_more_than_the_product() {
        let service = edges("parlour-service", &[], &["parlour-store-embedded"]);
        assert_eq!(complaints(&service), [""; 0]);
        let product = edges("parlour-service", &["parlour-store-embedded"], &[]);
        assert_eq!(complaints(&product).len(), 1);
        let testkit = edges("parlour-service", &[], &["parlour-testkit"]);
        assert_eq!(
            complaints(&testkit),
            ["parlour-service names in its tests parlour-testkit, against the layer table"]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_named() {
        let mut crates: Vec<Edges> = LAYERS
            .iter()
            .map(|layer| edges(layer.name, layer.uses, layer.tests_use))
            .collect();
        assert_eq!(judge(&crates), []);
        crates.retain(|edges| edges.name != "parlour-bus");
        crates.push(edges("parlour-utils", &[], &[]));
        let found: Vec<String> = judge(&crates).into_iter().map(|v| v.what).collect();
        assert_eq!(
            found,
            [
                "parlour-utils has no row in the layer table",
                "the layer table has a row for parlour-bus, which is no crate"
            ]
        );
    }

    #[test]
    fn no_row_names_a_crate_above_it() {
        for (place, layer) in LAYERS.iter().enumerate() {
            let below = |name: &&str| LAYERS[..place].iter().any(|lower| lower.name == *name);
            assert!(layer.uses.iter().all(below), "{}", layer.name);
        }
    }
}
