//! What goes into one commit, and in which order.

use parlour_model::limits;

use super::*;
use crate::Refusal;

#[tokio::test(start_paused = true)]
async fn what_waits_becomes_few_commits() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let waiting: Vec<_> = (0..100)
        .map(|nth| lab.submit(message(user(1 + nth % 7), &format!("{nth}"))))
        .collect();
    lab.log.go_on();
    answer(first).await.unwrap();
    for waiting in waiting {
        assert!(!answer(waiting).await.unwrap().existing);
    }
    lab.idle().await;
    assert_eq!(lab.log.batch_sizes(), [1, 32, 32, 32, 4]);
    assert_eq!(lab.told(), (1..=101).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn authors_take_turns_and_each_keeps_its_order() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let mut waiting: Vec<_> = (0..40)
        .map(|nth| lab.submit(message(user(1), &format!("loud {nth}"))))
        .collect();
    waiting.extend((0..2).map(|nth| lab.submit(message(user(2), &format!("quiet {nth}")))));
    waiting.push(lab.submit(message(user(3), "once")));
    lab.log.go_on();
    answer(first).await.unwrap();
    for waiting in waiting {
        answer(waiting).await.unwrap();
    }
    assert_eq!(lab.log.authors()[1..7], [1, 2, 3, 1, 2, 1]);
    let of_the_loud = lab
        .log
        .events()
        .into_iter()
        .filter(|event| event.author == user(1));
    let said: Vec<Content> = of_the_loud.map(|event| event.content).collect();
    let expected = (0..40).map(|nth| message(user(1), &format!("loud {nth}")).content);
    assert_eq!(said, expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_batch_keeps_its_bytes() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let large = "x".repeat(limits::TEXT_BYTES_MAX);
    let waiting: Vec<_> = (0..20)
        .map(|_| lab.submit(message(user(1), &large)))
        .collect();
    lab.log.go_on();
    answer(first).await.unwrap();
    for waiting in waiting {
        answer(waiting).await.unwrap();
    }
    assert_eq!(lab.log.batch_sizes(), [1, 15, 5]);
}

#[tokio::test(start_paused = true)]
async fn one_key_that_waits_twice_is_one_entry() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let draft = message(user(1), "once");
    let again: Vec<_> = (0..3).map(|_| lab.submit(draft.clone())).collect();
    lab.log.go_on();
    answer(first).await.unwrap();
    let mut existing = Vec::new();
    for again in again {
        let settled = answer(again).await.unwrap();
        assert_eq!(settled.event.seq, Seq::new(2));
        existing.push(settled.existing);
    }
    assert_eq!(existing, [false, true, true]);
    assert_eq!(lab.log.batch_sizes(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn one_key_with_another_body_is_refused_with_the_event_that_has_it() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let draft = message(user(1), "one");
    let mut other = message(user(1), "another");
    other.key = draft.key;
    let (one, another) = (lab.submit(draft), lab.submit(other));
    lab.log.go_on();
    answer(first).await.unwrap();
    let stored = answer(one).await.unwrap().event;
    let (seq, id) = (stored.seq, stored.id);
    let reused = ServiceError::Refused(Refusal::KeyReused { seq, id });
    assert_eq!(answer(another).await, Err(reused));
    assert_eq!(lab.log.events().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_says_busy_and_when_to_come_back() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let draft = message(user(1), "shared");
    let waiting: Vec<_> = (1..limits::APPENDS_WAITING_MAX)
        .map(|nth| lab.submit(message(user(2), &format!("{nth}"))))
        .chain([lab.submit(draft.clone())])
        .collect();
    for refused in [lab.submit(message(user(3), "one more")), lab.submit(draft)] {
        let busy = answer(refused).await;
        assert!(
            matches!(busy, Err(ServiceError::Busy { retry_after, own_rate: false }) if !retry_after.is_zero())
        );
    }
    lab.log.go_on();
    answer(first).await.unwrap();
    for waiting in waiting {
        answer(waiting).await.unwrap();
    }
    answer(lab.submit(message(user(3), "now there is room")))
        .await
        .unwrap();
    assert_eq!(lab.log.events().len(), limits::APPENDS_WAITING_MAX + 2);
}

#[tokio::test(start_paused = true)]
async fn a_queue_full_of_bytes_says_busy() {
    let lab = Lab::new();
    let _first = lab.occupy().await;
    let large = "x".repeat(limits::TEXT_BYTES_MAX);
    let mut waiting = Vec::new();
    let most = limits::APPENDS_WAITING_BYTES_MAX / limits::TEXT_BYTES_MAX;
    for _ in 0..most - 3 {
        waiting.push(lab.submit(message(user(1), &large)));
    }
    assert!(waiting.len() < limits::APPENDS_WAITING_MAX);
    let (small, refused) = (
        lab.submit(message(user(1), "small")),
        lab.submit(message(user(1), &"y".repeat(3 * limits::TEXT_BYTES_MAX))),
    );
    assert!(matches!(
        answer(refused).await,
        Err(ServiceError::Busy { .. })
    ));
    lab.log.go_on();
    answer(small).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_event_that_raises_the_epoch_ends_its_batch_and_the_rest_is_authorized_again() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let before = lab.submit(message(user(1), "before"));
    let removal = lab.submit(draft(user(2), log::removal(user(3))));
    let removed = lab.submit(message(user(3), "too late"));
    let after = lab.submit(message(user(4), "after"));
    lab.recorder.refused.lock().unwrap().push(user(3));
    lab.log.go_on();
    answer(first).await.unwrap();
    answer(before).await.unwrap();
    answer(removal).await.unwrap();
    assert_eq!(answer(removed).await, Err(ServiceError::Forbidden));
    answer(after).await.unwrap();
    assert_eq!(lab.log.authors(), [999, 1, 2, 4]);
    // The store was not asked with rights that were known to be old.
    assert_eq!(lab.log.batch_sizes(), [1, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn drafts_of_two_epochs_are_two_batches() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    lab.log.raise_epoch();
    let old = lab.submit(message(user(1), "old"));
    let mut new = message(user(2), "new");
    new.epoch = lab.log.epoch();
    let new = lab.submit(new);
    lab.recorder.refused.lock().unwrap().push(user(999));
    lab.log.go_on();
    assert_eq!(answer(first).await, Err(ServiceError::Forbidden));
    answer(old).await.unwrap();
    answer(new).await.unwrap();
    lab.idle().await;
    assert_eq!(lab.log.batch_sizes(), [1, 1, 1]);
    assert_eq!(
        *lab.recorder.authorized.lock().unwrap(),
        [user(999), user(1)]
    );
}
