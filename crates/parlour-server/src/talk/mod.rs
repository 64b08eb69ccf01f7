//! `parlour talk`: a chat client for the terminal, on the client library.
//!
//! With a terminal on both ends lines are edited and messages appear above the prompt; in a pipe it reads and writes
//! plain lines, so that scripts can talk. The session, the cursors and what could not be sent yet are kept in a file,
//! so that the next start goes on where this one ended.

mod args;
mod command;

mod blocking;
mod keyboard;
mod render;
mod screen;

mod directory;
mod room;
mod sending;
mod shelf;
mod ticks;

mod desk;
mod jobs;
mod sign_in;
mod state_file;

use std::sync::Arc;

use anyhow::Context;
use parlour_client::{Client, ClientConfig, LocalStore, MemoryStore, SqliteStore};
use parlour_model::UserName;

use desk::{Desk, Parts};
use directory::Directory;
use keyboard::Keyboard;
use sending::Sending;
use sign_in::SignIn;

pub(crate) use args::TalkArgs;

/// Talks until the user quits.
pub(crate) async fn run(args: TalkArgs) -> anyhow::Result<()> {
    let name = UserName::new(&args.user)?;
    let with = args.with.as_deref().map(UserName::new).transpose()?;
    let store = open_store(&args, &name)?;
    let sending = Sending::resume(&store.load().await?.outbox);
    let mut config = ClientConfig::new(&args.url, store);
    config.device = Some("parlour talk".to_owned());
    let client = Client::connect(config).await?;
    // Before anybody is signed in, so that nothing goes untold.
    let events = client.events();
    let (mut keyboard, mut screen) = Keyboard::and_screen()?;
    let sign_in = SignIn {
        client: &client,
        keyboard: &mut keyboard,
        screen: &mut screen,
        name: &name,
    };
    let me = sign_in.run(&args).await?;
    let directory = Directory::new(me.id, client.rest().clone());
    if let Some(profile) = &me.profile {
        directory.learn(profile);
    }
    if keyboard.is_terminal() {
        screen.notice(format!(
            "You are {name}. A line is a message; /help shows the rest."
        ))?;
    }
    let desk = Desk::new(Parts {
        client,
        events,
        me: me.id,
        directory,
        keyboard,
        screen,
        sending,
        keeps_state: !args.no_state,
    });
    desk.run(with).await
}

fn open_store(args: &TalkArgs, name: &UserName) -> anyhow::Result<Arc<dyn LocalStore>> {
    if args.no_state {
        return Ok(Arc::new(MemoryStore::default()));
    }
    let file = match &args.state {
        Some(file) => file.clone(),
        None => state_file::usual(&args.url, name)?,
    };
    let open = || -> anyhow::Result<SqliteStore> {
        state_file::prepare(&file)?;
        Ok(SqliteStore::open(&file)?)
    };
    let store = open().with_context(|| {
        let file = file.display();
        format!("{file} (does {name} talk in another window? --no-state or another --state helps)")
    })?;
    Ok(Arc::new(store))
}
