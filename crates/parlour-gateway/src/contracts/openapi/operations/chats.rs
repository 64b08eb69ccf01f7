//! `/chats` and their members.

use axum::http::{Method, StatusCode};
use parlour_protocol::ErrorCode::{
    Blocked, Forbidden, KeyReused, KeyTime, LimitReached, UserNotFound,
};
use parlour_protocol::{
    AddMembers, ChatBody, ChatPatch, ChatsPage, CreateChat, ListQuery, MemberPatch, MembersPage,
    MembersQuery,
};
use serde_json::json;

use crate::contracts::openapi::operation::{Key, Operation};

const CHATS: &str = "/api/v1/chats";
const CHAT: &str = "/api/v1/chats/{chat}";
const MEMBERS: &str = "/api/v1/chats/{chat}/members";
const MEMBER: &str = "/api/v1/chats/{chat}/members/{user}";

pub(super) fn operations() -> Vec<Operation> {
    [chats(), one_chat(), members(), one_member()]
        .into_iter()
        .flatten()
        .collect()
}

fn chats() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, CHATS, "createChat", "Create a chat")
            .about("The direct chat of two users exists once: asking again gives the same. A group takes a key, with which the request may be repeated.")
            .key(Key::Event)
            .body::<CreateChat>(json!({"type": "group", "title": "Lunch", "users": ["7301444403200000001"]}))
            .answers::<ChatBody>(StatusCode::CREATED, "The chat, which is new.")
            .answers::<ChatBody>(StatusCode::OK, "The chat, which existed.")
            .problems(&[UserNotFound, Blocked, LimitReached, KeyTime, KeyReused]),
        Operation::new(Method::GET, CHATS, "listChats", "List one's chats")
            .about("By last activity, newest first, with unread and last message.")
            .query::<ListQuery>()
            .answers::<ChatsPage>(StatusCode::OK, "A page of them."),
    ]
}

fn one_chat() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, CHAT, "getChat", "Read a chat")
            .answers::<ChatBody>(StatusCode::OK, "As the user sees it."),
        Operation::new(Method::PATCH, CHAT, "changeChat", "Change title, history or data")
            .about("Of a group only. Title and data are the admins', `history` is the owner's. Absent fields stay; null unsets `data` and is an error elsewhere.")
            .body::<ChatPatch>(json!({"title": "Dinner"}))
            .answers::<ChatBody>(StatusCode::OK, "The chat from now on.")
            .problems(&[Forbidden]),
        Operation::new(Method::POST, "/api/v1/chats/{chat}/leave", "leaveChat", "Leave a group")
            .about("An owner hands the group over first, unless nobody else is there. A direct chat cannot be left.")
            .done("The user is no member any more.")
            .problems(&[Forbidden]),
    ]
}

fn members() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, MEMBERS, "listMembers", "List the members")
            .query::<MembersQuery>()
            .answers::<MembersPage>(
                StatusCode::OK,
                "A page of them, by rising id, with their marks.",
            ),
        Operation::new(Method::POST, MEMBERS, "addMembers", "Add members")
            .about("All or none. Who is a member already stays as they are.")
            .body::<AddMembers>(json!({"users": ["7301444403200000001"]}))
            .done("They are members.")
            .problems(&[Forbidden, UserNotFound, LimitReached]),
    ]
}

fn one_member() -> Vec<Operation> {
    vec![
        Operation::new(Method::PATCH, MEMBER, "setRole", "Change a member's role")
            .about("Setting `owner` hands the group over: whoever did it becomes an admin.")
            .body::<MemberPatch>(json!({"role": "admin"}))
            .done("They have the role.")
            .problems(&[Forbidden, UserNotFound]),
        Operation::new(Method::DELETE, MEMBER, "removeMember", "Remove a member")
            .done("They are no member any more.")
            .problems(&[Forbidden, UserNotFound]),
    ]
}
