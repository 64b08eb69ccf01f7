//! The numbers of the chats, as `/open N` takes them.
//!
//! A number keeps its chat until the list is made anew.

use parlour_model::ChatId;

/// The list of chats, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Shelf(Vec<ChatId>);

impl Shelf {
    /// Numbers these chats anew, from one.
    pub(super) fn renew(&mut self, chats: Vec<ChatId>) {
        self.0 = chats;
    }

    /// The number of a chat; one that has none gets the next.
    pub(super) fn number(&mut self, chat: ChatId) -> usize {
        let place = self.0.iter().position(|known| *known == chat);
        let place = place.unwrap_or_else(|| {
            self.0.push(chat);
            self.0.len() - 1
        });
        place + 1
    }

    /// The chat with this number.
    pub(super) fn chat(&self, number: usize) -> Option<ChatId> {
        self.0.get(number.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_chat() {
        let chat = |number| ChatId::new(number).unwrap();
        let mut shelf = Shelf::default();
        shelf.renew(vec![chat(70), chat(80)]);
        assert_eq!(shelf.number(chat(80)), 2);
        assert_eq!(shelf.number(chat(90)), 3);
        assert_eq!(shelf.number(chat(90)), 3);
        assert_eq!(shelf.chat(1), Some(chat(70)));
        assert_eq!(shelf.chat(3), Some(chat(90)));
        assert_eq!((shelf.chat(0), shelf.chat(4)), (None, None));
    }
}
