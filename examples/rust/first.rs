//! Logs in, writes a message and waits until the server has it on disk:
//! `cargo run -p parlour-client --example first [URL]`. It logs in as `cat`, whom `examples/curl/send.sh` registers.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use parlour_client::{Client, ClientConfig, MemoryStore};
use parlour_model::Body;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let url = url.unwrap_or("http://127.0.0.1:8080".into());
    let store = std::sync::Arc::new(MemoryStore::default());
    let client = Client::connect(ClientConfig::new(url, store)).await?;
    client.login("cat", "correct horse").await?;

    let chat = client.create_group("From Rust", vec![]).await?;
    let text = Body::text("Hello from Rust");
    let stored = client.send(chat.id, text, None).await?.settled().await?;
    println!("stored as number {} of the chat", stored.seq);
    client.logout().await?;
    Ok(())
}
