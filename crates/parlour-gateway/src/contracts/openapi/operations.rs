//! Every operation, by subject. A route without one fails a test.

mod accounts;
mod chats;
mod documents;
mod messages;
mod people;

use super::operation::Operation;

/// A subject and its operations.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) operations: Vec<Operation>,
}

/// All subjects, in the order in which one meets them.
pub(super) fn subjects() -> Vec<Subject> {
    let subject = |name, description, operations| Subject {
        name,
        description,
        operations,
    };
    vec![
        subject(
            "accounts",
            "Registering, signing in and out, and the sessions of one's devices.",
            accounts::operations(),
        ),
        subject(
            "people",
            "One's own profile, finding others, who is there, blocking and reporting.",
            people::operations(),
        ),
        subject("chats", "Chats and their members.", chats::operations()),
        subject(
            "messages",
            "What was said, and how far it got. A message is named by its seq, or by its id: from 2^50 on a number is an id.",
            messages::operations(),
        ),
        subject(
            "documents",
            "The live connection, and these documents.",
            documents::operations(),
        ),
    ]
}
