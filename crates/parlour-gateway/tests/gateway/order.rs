//! A connection's messages enter a log in the order in which they were sent, also when the store fails.

use parlour_store::faults::{Fault, Operation};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn after_a_failure_later_messages_wait_until_that_key_is_settled() {
    let (world, faults) = World::faulty().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let chat = world.direct(&ann, &bob).await;
    let other = world.group(&ann, &[&bob]).await;
    let mut socket = world.online(&ann).await;
    let (first, second) = (world.key(), world.key());
    faults.always(Operation::Append, Fault::Before);
    let failed = socket.say(&chat, &first, "1").await;
    assert_eq!(
        (&failed["type"], &failed["outcome"]),
        (&json!("error"), &json!("not_stored"))
    );
    assert_ne!(failed["retry"], "never");
    faults.clear();
    let refused = socket.say(&chat, &second, "2").await;
    assert_eq!(refused["code"], "predecessor_pending");
    assert_eq!(
        (&refused["outcome"], &refused["retry"]),
        (&json!("not_stored"), &json!("later"))
    );
    assert_eq!(
        socket.say(&other, &world.key(), "elsewhere").await["type"],
        "sent"
    );
    assert_eq!(socket.say(&chat, &first, "1").await["seq"], 2);
    assert_eq!(socket.say(&chat, &second, "2").await["seq"], 3);
}
