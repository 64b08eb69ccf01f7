//! Registers a user, writes to a group of one, and prints what happens: `cargo run --example hello [URL]`.

use std::sync::Arc;

use parlour_client::{Client, ClientConfig, MemoryStore};
use parlour_model::Body;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let url = url.unwrap_or("http://127.0.0.1:8080".to_owned());
    let config = ClientConfig::new(url, Arc::new(MemoryStore::default()));
    let client = Client::connect(config).await?;
    let mut events = client.events();
    let name = format!("hello_{}", rand::random::<u32>());
    let me = client.register(&name, "correct horse battery").await?;
    let chat = client.create_group("Hello", Vec::new()).await?;
    client.send(chat.id, Body::text("Hello!"), None).await?;
    println!("{} writes; Ctrl-C ends", me.username);
    while let Some(event) = events.next().await {
        println!("{event:?}");
    }
    Ok(())
}
