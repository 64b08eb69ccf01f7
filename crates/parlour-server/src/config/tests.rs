//! What an operator may write, and what is said about the rest.

use std::collections::HashMap;
use std::io::Write;

use super::load::environment;
use super::*;

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let environment = environment().source(Some(variables));
    Config::from_sources(Some(file.path()), environment)
}

#[test]
fn nothing_set_is_the_embedded_default() {
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn variables_win_over_the_file() {
    let variables = [
        ("PARLOUR_LISTEN", "0.0.0.0:9000"),
        ("PARLOUR_LOG__FORMAT", "json"),
        ("PARLOUR_WEB__ENABLED", "false"),
        ("PARLOUR_ORIGINS", "https://a.example,https://b.example"),
        ("PARLOUR_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"),
    ];
    let config = load(
        "listen = \"127.0.0.1:7000\"\ndata = \"/var/lib/parlour\"",
        &variables,
    )
    .unwrap();
    assert_eq!(config.listen.port(), 9000);
    assert_eq!(config.data, PathBuf::from("/var/lib/parlour"));
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(!config.web.enabled);
    assert_eq!(config.origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.trusted_proxies, ["10.0.0.0/8", "2001:db8::1"]);
}

#[test]
fn an_error_names_the_key() {
    let wrong = [
        ("lisen = \"127.0.0.1:1\"", "lisen"),
        ("listen = \"nonsense\"", "listen"),
        ("[limits]\nconnections = \"many\"", "limits.connections"),
        ("[limits]\nconnections = 0", "limits.connections"),
        ("[tokens]\naccess_seconds = 5", "tokens.access_seconds"),
        ("origins = [\"chat.example.org\"]", "origins"),
        ("trusted_proxies = [\"10.0.0.0/33\"]", "trusted_proxies"),
        ("admin_listen = \"127.0.0.1:8080\"", "admin_listen"),
    ];
    for (toml, key) in wrong {
        let error = load(toml, &[]).unwrap_err().to_string();
        assert!(error.contains(key), "{toml}: {error}");
    }
    let error = load("", &[("PARLOUR_LISTN", "127.0.0.1:1")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("listn"), "{error}");
}

const CLUSTER: &str = r#"
[store]
kind = "scylla"
hosts = ["10.0.0.1:9042", "10.0.0.2:9042"]
replication = { DC-1 = 3 }
[bus]
kind = "redis"
hosts = ["10.0.0.3:6379"]
"#;

#[test]
fn a_cluster_can_be_said_in_variables_alone() {
    let variables = [
        ("PARLOUR_STORE__KIND", "scylla"),
        ("PARLOUR_STORE__HOSTS", "10.0.0.1:9042, 10.0.0.2:9042"),
        ("PARLOUR_STORE__REPLICATION__DATACENTER1", "3"),
        ("PARLOUR_STORE__USERNAME", "parlour"),
        ("PARLOUR_STORE__PASSWORD", "007"),
        ("PARLOUR_STORE__TLS", "true"),
        ("PARLOUR_BUS__KIND", "redis"),
        ("PARLOUR_BUS__HOSTS", "10.0.0.3:6379,10.0.0.4:6379"),
        ("PARLOUR_BUS__CLUSTER", "true"),
    ];
    let config = load("", &variables).unwrap();
    assert_eq!(config.store.hosts, ["10.0.0.1:9042", "10.0.0.2:9042"]);
    assert_eq!(config.store.replication["datacenter1"], 3);
    assert!(config.store.tls && config.bus.cluster);
    assert_eq!(config.bus.hosts.len(), 2);
    // A password of digits keeps its zeros.
    let login = config.store.login().unwrap().unwrap();
    assert_eq!(login.password.expose(), "007");
    assert_eq!(login.username.as_deref(), Some("parlour"));
}

#[test]
fn a_cluster_can_be_said_in_a_file_with_its_own_spelling_of_datacenters() {
    let config = load(CLUSTER, &[]).unwrap();
    assert_eq!(config.store.kind, StoreKind::Scylla);
    assert_eq!(config.store.replication["DC-1"], 3);
    assert_eq!(config.store.login().unwrap(), None);
}

#[test]
fn a_node_of_a_cluster_takes_longer_to_stop_unless_told() {
    assert_eq!(load("", &[]).unwrap().drain_seconds, 5);
    assert_eq!(load(CLUSTER, &[]).unwrap().drain_seconds, 45);
    let said = [("PARLOUR_DRAIN_SECONDS", "5")];
    assert_eq!(load(CLUSTER, &said).unwrap().drain_seconds, 5);
}

#[test]
fn half_a_cluster_is_refused_with_the_key_that_mends_it() {
    let scylla = "[store]\nkind = \"scylla\"\nhosts = [\"a:1\"]\nreplication = { dc = 1 }\n";
    let redis = "[bus]\nkind = \"redis\"\nhosts = [\"a:1\"]\n";
    let wrong = [
        (scylla.to_owned(), "`bus.kind` must be `redis`"),
        (redis.to_owned(), "`store.kind` must be `scylla`"),
        ("[store]\nhosts = [\"a:1\"]".to_owned(), "`store.hosts`"),
        (
            "[store]\nkeyspace = \"chat\"".to_owned(),
            "`store.keyspace`",
        ),
        ("[bus]\nhosts = [\"a:1\"]".to_owned(), "`bus.hosts`"),
        (
            "[bus]\npassword_file = \"/x\"".to_owned(),
            "`bus.password_file`",
        ),
    ];
    for (toml, key) in wrong {
        let error = load(&toml, &[]).unwrap_err().to_string();
        assert!(error.contains(key), "{toml}: {error}");
    }
}

#[test]
fn an_error_in_a_cluster_names_the_key() {
    let wrong = [
        ("PARLOUR_STORE__HOSTS", "", "store.hosts"),
        ("PARLOUR_STORE__HOSTS", "10.0.0.1", "store.hosts"),
        (
            "PARLOUR_STORE__HOSTS",
            "http://10.0.0.1:9042",
            "store.hosts",
        ),
        ("PARLOUR_STORE__KEYSPACE", "Chat; DROP", "store.keyspace"),
        ("PARLOUR_STORE__REPLICATION__DC2", "0", "store.replication"),
        ("PARLOUR_STORE__REPLICATION__DC2", "1", "store.datacenter"),
        (
            "PARLOUR_STORE__REPLICATION__DC2",
            "many",
            "store.replication.dc2",
        ),
        ("PARLOUR_STORE__DATACENTER", "dc3", "store.datacenter"),
        ("PARLOUR_STORE__PASSWORD", "x", "store.username"),
        ("PARLOUR_STORE__USERNAME", "x", "store.username"),
        ("PARLOUR_STORE__TLS_CA_FILE", "/ca.pem", "store.tls_ca_file"),
        ("PARLOUR_STORE__KIND", "mysql", "store.kind"),
        ("PARLOUR_STORE__HOST", "10.0.0.1:9042", "host"),
        ("PARLOUR_BUS__HOSTS", "a:1,b:2", "bus.hosts"),
        ("PARLOUR_BUS__CLUSTER", "perhaps", "bus.cluster"),
    ];
    for (variable, value, key) in wrong {
        let error = load(CLUSTER, &[(variable, value)]).unwrap_err().to_string();
        assert!(error.contains(key), "{variable}={value}: {error}");
    }
}

#[test]
fn a_password_comes_from_a_file_and_is_never_printed() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"from the file\n").unwrap();
    let path = file.path().to_str().unwrap();
    let config = load(CLUSTER, &[("PARLOUR_BUS__PASSWORD_FILE", path)]).unwrap();
    let login = config.bus.login().unwrap().unwrap();
    assert_eq!(login.password.expose(), "from the file");
    assert_eq!(login.username, None);

    let gone = load(CLUSTER, &[("PARLOUR_BUS__PASSWORD_FILE", "/no/such/file")]).unwrap();
    let error = gone.bus.login().unwrap_err().to_string();
    assert!(error.contains("bus.password_file"), "{error}");

    let said = load(CLUSTER, &[("PARLOUR_BUS__PASSWORD", "hunter2")]).unwrap();
    let printed = toml::to_string_pretty(&said).unwrap();
    assert!(printed.contains("(hidden)"), "{printed}");
    assert!(!format!("{printed}{said:?}").contains("hunter2"));
}
