//! Whatever the server, the network and the program's own restarts do: once things heal, the application was told
//! exactly the log, in order and once, and every send is settled as the log says.

use std::time::Duration;

use parlour_protocol::{ReconnectFrame, ResyncFrame, ServerFrame, TooLongFrame, TooLongReason};
use proptest::prelude::*;

use super::bench::{chat, seq};
use super::server::{Fate, Push, World};
use crate::machine::Input;

#[derive(Debug, Clone, Copy)]
enum Act {
    Say(u64, bool, Push),
    Post(u64),
    Cancel(usize),
    Serve(Fate),
    PushLate(usize),
    StoreLate,
    TooLong(u64),
    Resync(Option<u64>),
    Junk,
    Close(Option<u16>),
    Drain(u64),
    Restart,
    Pass(u64),
}

fn a_chat() -> impl Strategy<Value = u64> {
    prop_oneof![Just(8), Just(9)]
}

fn a_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Stored),
        1 => Just(Fate::StoredAnswerLost),
        1 => Just(Fate::NotStoredAnswerLost),
        1 => Just(Fate::UnknownStored),
        1 => Just(Fate::UnknownLate),
        1 => Just(Fate::Busy),
        1 => Just(Fate::TooFast),
        1 => Just(Fate::Forbidden),
        1 => Just(Fate::KeyTime),
    ]
}

fn a_push() -> impl Strategy<Value = Push> {
    prop_oneof![
        4 => Just(Push::Once),
        1 => Just(Push::Twice),
        1 => Just(Push::Never),
        2 => Just(Push::Late),
    ]
}

/// Every way a connection ends after which the client comes back.
fn an_end() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![
        3 => Just(None),
        1 => proptest::sample::select(vec![1000, 1002, 1003, 1007, 1009, 1012]).prop_map(Some),
        1 => proptest::sample::select(vec![4008, 4009, 4012, 4013, 4077]).prop_map(Some),
    ]
}

fn an_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (a_chat(), any::<bool>(), a_push()).prop_map(|(chat, odd, push)| Act::Say(chat, odd, push)),
        5 => a_chat().prop_map(Act::Post),
        1 => any::<usize>().prop_map(Act::Cancel),
        14 => a_fate().prop_map(Act::Serve),
        3 => any::<usize>().prop_map(Act::PushLate),
        1 => Just(Act::StoreLate),
        1 => a_chat().prop_map(Act::TooLong),
        1 => proptest::option::of(a_chat()).prop_map(Act::Resync),
        1 => Just(Act::Junk),
        1 => an_end().prop_map(Act::Close),
        1 => (0_u64..3_000).prop_map(Act::Drain),
        1 => Just(Act::Restart),
        4 => (0_u64..40_000).prop_map(Act::Pass),
    ]
}

fn act(world: &mut World, act: Act) {
    match act {
        Act::Say(chat, odd, push) => {
            world.say(chat, if odd { "from_the_future" } else { "message" }, push);
        }
        Act::Post(chat) => world.post(chat),
        Act::Cancel(which) => world.cancel(which),
        Act::Serve(fate) => {
            world.serve(fate);
        }
        Act::PushLate(which) => world.push_late(which),
        Act::StoreLate => world.store_late(),
        Act::TooLong(number) => {
            let head = world.logs[&number].len() as u64;
            world.tell_all(&ServerFrame::TooLong(TooLongFrame {
                chat: chat(number),
                head: seq(head),
                oldest: seq(1),
                reason: TooLongReason::Retention,
            }));
        }
        Act::Resync(number) => world.tell_all(&ServerFrame::Resync(ResyncFrame {
            chat: number.map(chat),
            reason: "test".into(),
        })),
        Act::Junk => {
            if let Some(connection) = world.connections.first().copied() {
                world.input(Input::Heard(connection));
            }
        }
        Act::Close(number) => world.close(number),
        Act::Drain(after_ms) => {
            world.tell_all(&ServerFrame::Reconnect(ReconnectFrame { after_ms }));
        }
        Act::Restart => world.restart(),
        Act::Pass(ms) => pass(world, Duration::from_millis(ms)),
    }
}

/// Time passes; what falls due on the way happens when it does.
fn pass(world: &mut World, time: Duration) {
    let end = world.bench.now.plus(time);
    while let Some(due) = world.bench.machine.next_wake().filter(|due| *due <= end) {
        world.bench.now = world.bench.now.max(due);
        world.input(Input::Wake);
    }
    world.bench.now = end;
}

/// Everything works from here on; sends that only the user can settle are cancelled.
fn heal(world: &mut World) {
    for which in 0..world.texts.len() {
        world.cancel(which);
    }
    for round in 0.. {
        assert!(round < 200, "it never gets quiet");
        world.store_late();
        world.push_late(0);
        while world.serve(Fate::Stored) {}
        pass(world, Duration::from_secs(10));
        let resync = ServerFrame::Resync(ResyncFrame {
            chat: None,
            reason: "heads compared".into(),
        });
        world.tell_all(&resync);
        while world.serve(Fate::Stored) {}
        let settled = world.texts.len() == world.ends.len();
        let told = |number: &u64| world.told.get(number).map(|told| told.get());
        let level = world
            .logs
            .iter()
            .all(|(id, log)| told(id) == Some(log.len() as u64));
        if settled && level && round > 3 {
            return;
        }
    }
}

fn check(world: &World) {
    for (key, text) in &world.texts {
        let bodies = world
            .logs
            .values()
            .flatten()
            .filter_map(|event| event.body.as_ref());
        let stored = bodies.filter(|body| body.as_text() == Some(text)).count();
        let expected = usize::from(world.ends[key].is_ok());
        assert_eq!(stored, expected, "{text}: {:?}", world.ends[key]);
    }
    assert_eq!(world.kept(), world.told);
    for (number, told) in &world.told {
        let cached = world.cached(*number);
        let last = told.get();
        let first = last + 1 - cached.len() as u64;
        assert_eq!(
            cached,
            (first..=last).collect::<Vec<_>>(),
            "the cache has no hole"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_application_is_told_the_log_and_every_send_ends_as_the_log_says(
        acts in proptest::collection::vec(an_act(), 1..120)
    ) {
        let mut world = World::new();
        for each in acts {
            act(&mut world, each);
        }
        heal(&mut world);
        check(&world);
    }
}
