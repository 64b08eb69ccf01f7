//! What a typed line means.
//!
//! A line is a message unless it begins with a slash; `//` writes a message that does.

use parlour_model::{ChosenStatus, Emoji, Seq, UserName};

/// Messages that `/history` shows when it is told no number.
pub(super) const HISTORY_DEFAULT: u64 = 20;
/// Messages that `/history` shows at most.
const HISTORY_MAX: u64 = parlour_model::limits::PAGE_MESSAGES_MAX as u64;

/// What `/help` says.
pub(super) const HELP: &str = "\
a line of text          goes to the open chat; //text sends /text
/with NAME              open the chat with a user
/group TITLE NAME…      make a group; \"a title of several words\" in quotes
/chats                  list your chats
/open N                 open chat N of the list
/history [N]            show N earlier messages
/members  /who          who belongs to this chat; who is there
/add NAME  /remove NAME change the members
/leave                  leave the group
/reply N TEXT           answer message N
/edit N TEXT  /delete N change or delete your message N
/react N EMOJI          react to message N; /react N -EMOJI takes it back
/status WORD            online, away, busy or invisible
/cancel                 give up messages that cannot be sent
/quit                   leave (or Ctrl-D)";

/// One thing the user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Send this to the open chat.
    Say(String),
    /// Open the chat with this user.
    With(UserName),
    /// Make a group.
    Group { title: String, names: Vec<UserName> },
    /// List the chats.
    Chats,
    /// Open this chat of the list, counted from one.
    Open(usize),
    /// Show this many earlier messages.
    History(u64),
    /// List the members of the open chat.
    Members,
    /// Make these users members.
    Add(Vec<UserName>),
    /// Take this member out.
    Remove(UserName),
    /// Leave the open group.
    Leave,
    /// Give a message a new text.
    Edit(Seq, String),
    /// Delete a message.
    Delete(Seq),
    /// Put a reaction on a message, or take it off.
    React { target: Seq, emoji: Emoji, on: bool },
    /// Answer a message.
    Reply(Seq, String),
    /// Show who is there.
    Who,
    /// Choose a status.
    Status(ChosenStatus),
    /// Give up what cannot be sent.
    Cancel,
    /// Show the commands.
    Help,
    /// Leave.
    Quit,
}

/// The command in `line`; `None` if it is blank, an explanation if it makes no sense.
pub(super) fn parse(line: &str) -> Result<Option<Command>, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(None);
    }
    let Some(order) = line.strip_prefix('/') else {
        return Ok(Some(Command::Say(line.to_owned())));
    };
    if order.starts_with('/') {
        return Ok(Some(Command::Say(order.to_owned())));
    }
    let (word, rest) = split_word(order);
    parse_order(word, rest).map(Some)
}

/// Whether somebody who is typing `line` is writing a message.
pub(super) fn is_message(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && (!line.starts_with('/') || line.starts_with("//"))
}

fn parse_order(word: &str, rest: &str) -> Result<Command, String> {
    Ok(match word {
        "with" => Command::With(one_name(rest, "/with NAME")?),
        "group" => group(rest)?,
        "chats" => Command::Chats,
        "open" => Command::Open(number(rest, "/open N, with N from /chats")?),
        "history" if rest.is_empty() => Command::History(HISTORY_DEFAULT),
        "history" => Command::History(number::<u64>(rest, "/history [N]")?.clamp(1, HISTORY_MAX)),
        "members" => Command::Members,
        "add" => Command::Add(names(rest, "/add NAME")?),
        "remove" => Command::Remove(one_name(rest, "/remove NAME")?),
        "leave" => Command::Leave,
        "edit" => {
            let (target, text) = target_and_text(rest, "/edit N TEXT")?;
            Command::Edit(target, text)
        }
        "delete" => Command::Delete(target(rest, "/delete N")?),
        "react" => reaction(rest)?,
        "reply" => {
            let (target, text) = target_and_text(rest, "/reply N TEXT")?;
            Command::Reply(target, text)
        }
        "who" => Command::Who,
        "status" => Command::Status(status(rest)?),
        "cancel" => Command::Cancel,
        "help" => Command::Help,
        "quit" | "exit" => Command::Quit,
        _ => return Err(format!("/{word} is not a command: /help lists them")),
    })
}

fn group(rest: &str) -> Result<Command, String> {
    const USAGE: &str = "/group TITLE NAME…, a title of several words in \"quotes\"";
    let (title, others) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(wrong(USAGE))?,
        None => split_word(rest),
    };
    if title.trim().is_empty() {
        return Err(wrong(USAGE));
    }
    Ok(Command::Group {
        title: title.to_owned(),
        names: names(others, USAGE)?,
    })
}

fn reaction(rest: &str) -> Result<Command, String> {
    let (target, text) = target_and_text(rest, "/react N EMOJI")?;
    let (on, text) = match text.strip_prefix('-') {
        Some(off) => (false, off.to_owned()),
        None => (true, text),
    };
    let emoji = Emoji::new(text).map_err(|error| error.to_string())?;
    Ok(Command::React { target, emoji, on })
}

fn status(rest: &str) -> Result<ChosenStatus, String> {
    match rest {
        "online" => Ok(ChosenStatus::Online),
        "away" => Ok(ChosenStatus::Away),
        "busy" => Ok(ChosenStatus::Busy),
        "invisible" => Ok(ChosenStatus::Invisible),
        _ => Err(wrong("/status online, away, busy or invisible")),
    }
}

fn target_and_text(rest: &str, usage: &str) -> Result<(Seq, String), String> {
    let (first, text) = split_word(rest);
    if text.is_empty() {
        return Err(wrong(usage));
    }
    Ok((target(first, usage)?, text.to_owned()))
}

fn target(text: &str, usage: &str) -> Result<Seq, String> {
    // As it is shown: [12].
    let text = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    number(text, usage).map(Seq::new)
}

fn number<T: std::str::FromStr>(text: &str, usage: &str) -> Result<T, String> {
    text.parse().map_err(|_| wrong(usage))
}

fn names(text: &str, usage: &str) -> Result<Vec<UserName>, String> {
    let names: Result<Vec<UserName>, String> = text.split_whitespace().map(name).collect();
    match names {
        Ok(names) if names.is_empty() => Err(wrong(usage)),
        names => names,
    }
}

fn one_name(text: &str, usage: &str) -> Result<UserName, String> {
    match names(text, usage)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(wrong(usage)),
    }
}

/// A user name as people write it: `bob` or `@bob`.
fn name(text: &str) -> Result<UserName, String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    UserName::new(name).map_err(|error| format!("{text}: {error}"))
}

fn wrong(usage: &str) -> String {
    format!("it goes {usage}")
}

fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Command {
        parse(line)
            .unwrap_or_else(|error| panic!("{line}: {error}"))
            .unwrap_or_else(|| panic!("{line} is blank"))
    }

    fn user(text: &str) -> UserName {
        UserName::new(text).unwrap()
    }

    fn emoji(text: &str) -> Emoji {
        Emoji::new(text).unwrap()
    }

    #[test]
    fn what_does_not_begin_with_one_slash_is_a_message() {
        assert_eq!(command(" hello  bob "), Command::Say("hello  bob".into()));
        assert_eq!(command("//shrug"), Command::Say("/shrug".into()));
        assert_eq!(command("one\ntwo"), Command::Say("one\ntwo".into()));
        assert_eq!(parse(" \t"), Ok(None));
        assert!(is_message("h") && is_message("//h"));
        assert!(!is_message("") && !is_message("/h") && !is_message("  "));
    }

    #[test]
    fn commands_take_their_words_apart() {
        assert_eq!(command("/with @bob"), Command::With(user("bob")));
        assert_eq!(command("/open 3"), Command::Open(3));
        assert_eq!(command("/history"), Command::History(HISTORY_DEFAULT));
        assert_eq!(command("/history 5"), Command::History(5));
        assert_eq!(command("/history 500"), Command::History(HISTORY_MAX));
        assert_eq!(
            command("/add ann bob"),
            Command::Add(vec![user("ann"), user("bob")])
        );
        assert_eq!(
            command("/edit 7  new  text"),
            Command::Edit(Seq::new(7), "new  text".into())
        );
        assert_eq!(
            command("/reply [7] yes"),
            Command::Reply(Seq::new(7), "yes".into())
        );
        assert_eq!(command("/delete 7"), Command::Delete(Seq::new(7)));
        assert_eq!(command("/status away"), Command::Status(ChosenStatus::Away));
    }

    #[test]
    fn a_minus_takes_a_reaction_back() {
        let react = |on| Command::React {
            target: Seq::new(7),
            emoji: emoji("👍"),
            on,
        };
        assert_eq!(command("/react 7 👍"), react(true));
        assert_eq!(command("/react 7 -👍"), react(false));
        assert!(parse("/react 7 two words").is_err());
    }

    #[test]
    fn a_title_of_several_words_stands_in_quotes() {
        let group = |title: &str| Command::Group {
            title: title.into(),
            names: vec![user("bob"), user("carol")],
        };
        assert_eq!(command("/group Lunch bob carol"), group("Lunch"));
        assert_eq!(
            command("/group \"Late lunch\" bob carol"),
            group("Late lunch")
        );
        assert!(parse("/group \"Late lunch bob").is_err());
        assert!(parse("/group Lunch").is_err());
    }

    #[test]
    fn what_makes_no_sense_is_explained() {
        for line in [
            "/nonsense",
            "/",
            "/with",
            "/with two names",
            "/with a",
            "/open",
            "/open x",
            "/edit 7",
            "/edit x y",
            "/delete",
            "/delete [7",
            "/react 7",
            "/status tired",
            "/history x",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn help_names_every_command() {
        for word in [
            "with", "group", "chats", "open", "history", "members", "add", "remove", "leave",
            "edit", "delete", "react", "reply", "who", "status", "cancel", "quit",
        ] {
            assert!(HELP.contains(&format!("/{word}")), "{word}");
        }
    }
}
