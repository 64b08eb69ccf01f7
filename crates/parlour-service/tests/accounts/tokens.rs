//! Access tokens: what is accepted, and above all what is not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parlour_service::{AccountSettings, ServiceError, SignedIn, TokenProblem};
use serde_json::{Value, json};

use crate::world::{Node, World, access, settings};

const INVALID: ServiceError = ServiceError::Unauthenticated(TokenProblem::Invalid);
const EXPIRED: ServiceError = ServiceError::Unauthenticated(TokenProblem::Expired);

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let write = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", write(header), write(claims))
}

async fn refused(node: &Node, token: &str) -> ServiceError {
    node.accounts.authenticate(token).await.unwrap_err()
}

async fn world_with_ann() -> (World, Node, SignedIn) {
    let world = World::new();
    let node = world.node().await;
    let ann = node.register("ann").await;
    (world, node, ann)
}

#[tokio::test]
async fn a_token_says_who_and_for_how_long_and_names_its_key() {
    let (_world, node, ann) = world_with_ann().await;
    let (header, claims) = (part(access(&ann), 0), part(access(&ann), 1));
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(claims["sub"], ann.user.id.to_string());
    assert_eq!(claims["sid"], ann.session.id.to_string());
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        600
    );
    assert_eq!(ann.expires_in, Duration::from_secs(600));
    let jwks = node.accounts.jwks();
    let key = &jwks["keys"][0];
    assert_eq!(key["kid"], header["kid"]);
    assert_eq!(
        (&key["kty"], &key["crv"]),
        (&json!("OKP"), &json!("Ed25519"))
    );
    assert!(key.get("d").is_none(), "the secret half stays here");
}

#[tokio::test]
async fn the_published_keys_verify_a_token() {
    let (_world, node, ann) = world_with_ann().await;
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(node.accounts.jwks()).unwrap();
    let kid = part(access(&ann), 0)["kid"].as_str().unwrap().to_owned();
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["parlour"]);
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Value>(access(&ann), &key, &validation).unwrap();
    assert_eq!(decoded.claims["sub"], ann.user.id.to_string());
}

#[tokio::test]
async fn a_token_is_good_for_its_lifetime_and_then_asks_to_be_refreshed() {
    let (world, node, ann) = world_with_ann().await;
    world.pass(600);
    assert!(node.authenticate(&ann).await.is_ok());
    world.pass(30);
    assert_eq!(node.authenticate(&ann).await, Err(EXPIRED));
}

#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let (world, node, ann) = world_with_ann().await;
    let now = parlour_model::Clock::now(&*world.clock);
    world.clock.set(now.minus(Duration::from_secs(60)));
    assert_eq!(node.authenticate(&ann).await, Err(INVALID));
}

#[tokio::test]
async fn a_token_with_any_part_changed_is_refused() {
    let (_world, node, ann) = world_with_ann().await;
    let token = access(&ann);
    let (header, mut claims) = (part(token, 0), part(token, 1));
    let signature = token.rsplit('.').next().unwrap();
    claims["sub"] = json!("4711");
    let other_user = format!("{}.{signature}", unsigned(&header, &claims));
    assert_eq!(refused(&node, &other_user).await, INVALID);
    let mut flipped = token.to_owned().into_bytes();
    let at = flipped.len() - 20;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    assert_eq!(refused(&node, &flipped).await, INVALID);
}

#[tokio::test]
async fn the_algorithm_is_ours_to_choose() {
    let (_world, node, ann) = world_with_ann().await;
    let (mut header, claims) = (part(access(&ann), 0), part(access(&ann), 1));
    let kid = header["kid"].as_str().unwrap().to_owned();
    header["alg"] = json!("none");
    let none = format!("{}.", unsigned(&header, &claims));
    assert_eq!(refused(&node, &none).await, INVALID);
    // The public key is no secret: signing with it as one is the classic confusion.
    let public = node.accounts.jwks()["keys"][0]["x"]
        .as_str()
        .unwrap()
        .to_owned();
    let public = URL_SAFE_NO_PAD.decode(public).unwrap();
    let symmetric = Header {
        kid: Some(kid),
        ..Header::new(Algorithm::HS256)
    };
    let confused = encode(&symmetric, &claims, &EncodingKey::from_secret(&public)).unwrap();
    assert_eq!(refused(&node, &confused).await, INVALID);
}

#[tokio::test]
async fn a_token_signed_by_a_stranger_under_our_keys_name_is_refused() {
    let (_world, node, ann) = world_with_ann().await;
    let stranger = World::new().node().await.register("ann").await;
    let (ours, theirs) = (part(access(&ann), 0), part(access(&stranger), 0));
    assert_eq!(ours["kid"], theirs["kid"], "or this test shows nothing");
    assert_eq!(refused(&node, access(&stranger)).await, INVALID);
}

#[tokio::test]
async fn a_token_for_another_audience_or_of_another_issuer_is_refused() {
    let (world, node, _ann) = world_with_ann().await;
    let elsewhere = [
        AccountSettings {
            audience: "another".to_owned(),
            ..settings()
        },
        AccountSettings {
            issuer: "another".to_owned(),
            ..settings()
        },
    ];
    for (number, settings) in elsewhere.into_iter().enumerate() {
        let theirs = world.node_with(settings).await;
        let bob = theirs.register(&format!("bob{number}")).await;
        assert!(theirs.authenticate(&bob).await.is_ok());
        assert_eq!(node.authenticate(&bob).await, Err(INVALID));
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let (_world, node, ann) = world_with_ann().await;
    let header = json!({"alg": "EdDSA", "typ": "JWT"});
    let without_key_name = format!("{}.AAAA", unsigned(&header, &part(access(&ann), 1)));
    let long = "a.".repeat(5_000);
    for wrong in ["", ".", "..", "a.b.c", "é.é.é", &without_key_name, &long] {
        assert_eq!(refused(&node, wrong).await, INVALID, "{wrong}");
    }
    let refresh = secrecy::ExposeSecret::expose_secret(&ann.refresh_token);
    assert_eq!(refused(&node, refresh).await, INVALID);
}

#[tokio::test]
async fn invented_key_names_are_refused_and_soon_cost_the_store_nothing() {
    let (_world, node, ann) = world_with_ann().await;
    let claims = part(access(&ann), 1);
    let named = |kid: String| {
        let header = json!({"alg": "EdDSA", "kid": kid});
        format!("{}.{}", unsigned(&header, &claims), "A".repeat(86))
    };
    for kid in ["", "x", "1-2-3", "-", "99999999999-1", "4000000000-604800"] {
        assert_eq!(refused(&node, &named(kid.into())).await, INVALID, "{kid}");
    }
    let plausible = |start: u64| named(format!("{start}-604800"));
    assert_eq!(refused(&node, &plausible(1_800_000_001)).await, INVALID);
    let second = refused(&node, &plausible(1_800_000_002)).await;
    assert!(matches!(
        second,
        ServiceError::Busy {
            own_rate: false,
            ..
        }
    ));
    assert!(node.authenticate(&ann).await.is_ok());
}
