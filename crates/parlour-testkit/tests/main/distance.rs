//! Keeping somebody at a distance, as the client library asks for it.

use parlour_client::SendFailure;
use parlour_model::{Audience, Body};
use parlour_protocol::{Encoding, ErrorCode, PrivacyPatch};
use parlour_testkit::{LocalNode, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_block_holds_until_it_is_taken_back() {
    let node = LocalNode::start().await.unwrap();
    let world = World::new(node.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let bob = world.register("bob", Encoding::Json).await.unwrap();
    let chat = ann.client().create_direct(bob.user()).await.unwrap().id;
    let say = async |text| {
        let sent = bob.client().send(chat, Body::text(text), None).await;
        sent.unwrap().settled().await
    };
    let (anns, bobs) = (ann.client().rest(), bob.client().rest());
    assert!(!anns.has_blocked(bob.user()).await.unwrap());

    anns.block(bob.user(), true).await.unwrap();
    assert!(anns.has_blocked(bob.user()).await.unwrap());
    assert!(!bobs.has_blocked(ann.user()).await.unwrap());
    let refused = say("are you there?").await;
    assert!(
        matches!(&refused, Err(SendFailure::Refused(error)) if error.code == ErrorCode::Blocked),
        "{refused:?}"
    );

    anns.block(bob.user(), false).await.unwrap();
    assert!(!anns.has_blocked(bob.user()).await.unwrap());
    say("are you there?").await.unwrap();
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_of_privacy_is_kept() {
    let node = LocalNode::start().await.unwrap();
    let world = World::new(node.url());
    let ann = world.register("ann", Encoding::Json).await.unwrap();
    let rest = ann.client().rest();
    assert_eq!(rest.privacy().await.unwrap().last_seen, Audience::Everyone);
    let nobody = PrivacyPatch {
        last_seen: Some(Audience::Nobody),
    };
    rest.set_privacy(&nobody).await.unwrap();
    let nothing = PrivacyPatch::default();
    rest.set_privacy(&nothing).await.unwrap();
    assert_eq!(rest.privacy().await.unwrap().last_seen, Audience::Nobody);
    node.stop().await.unwrap();
}
