//! What a caller is told of each outcome, and that it is true.

use parlour_store::NotStored;

use super::*;
use crate::Refusal;

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

fn away() -> Step {
    Step::Refused(NotStored::Unavailable("away".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn a_waiter_wakes_after_its_event_was_announced() {
    let lab = Lab::new();
    for nth in 1..=5 {
        let settled = answer(lab.submit(message(user(1), "said"))).await.unwrap();
        assert_eq!(settled.event.seq, Seq::new(nth));
        assert_eq!(lab.told(), (1..=nth).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_existed_is_announced_too() {
    let lab = Lab::new();
    let draft = message(user(1), "said");
    answer(lab.submit(draft.clone())).await.unwrap();
    assert!(answer(lab.submit(draft)).await.unwrap().existing);
    assert_eq!(lab.told(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn changed_rights_are_looked_at_again_and_the_draft_goes_again() {
    let lab = Lab::new();
    lab.log.raise_epoch();
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!(lab.log.batch_sizes(), [1, 1]);
    assert_eq!(*lab.recorder.authorized.lock().unwrap(), [user(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_and_nothing_is_doubled() {
    let lab = Lab::new();
    lab.log.script([Step::Lost, Step::Lost]);
    let settled = answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert_eq!(settled.event.seq, Seq::FIRST);
    assert_eq!((lab.log.events().len(), lab.told()), (1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn an_append_that_never_answers_is_given_up_and_tried_again() {
    let lab = Lab::new();
    lab.log.script([Step::Hang]);
    let begun = tokio::time::Instant::now();
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert!(begun.elapsed() >= PATIENCE.append_within);
    assert_eq!(lab.log.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_append_that_is_given_up_goes_on_to_its_end() {
    let lab = Lab::new();
    lab.log.script([Step::HoldAfter]);
    let settled = answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert!(settled.existing, "the retry found it");
    assert_eq!(lab.log.finished(), 0);
    lab.log.go_on();
    lab.idle().await;
    assert_eq!(
        lab.log.finished(),
        1,
        "effects are written after the commit"
    );
    assert_eq!((lab.log.events().len(), lab.told()), (1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn an_append_that_comes_to_the_log_after_its_retry_doubles_nothing() {
    let lab = Lab::new();
    lab.log.script([Step::Hold]);
    let settled = answer(lab.submit(message(user(1), "said"))).await.unwrap();
    assert!(!settled.existing, "the retry was there first");
    lab.log.go_on();
    lab.idle().await;
    assert_eq!(lab.log.batch_sizes(), [1, 1]);
    assert_eq!((lab.log.events().len(), lab.told()), (1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn after_some_tries_the_outcome_stays_unknown_with_the_raised_seq() {
    let lab = Lab::new();
    let applied = Some(Seq::new(64));
    lab.log
        .script([Step::Lost, Step::Vanished(applied), Step::Lost]);
    let unknown = answer(lab.submit(message(user(1), "said"))).await;
    assert_eq!(unknown, Err(ServiceError::OutcomeUnknown { applied }));
    assert_eq!(lab.log.batch_sizes(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn no_failure_is_definite_after_a_doubtful_try() {
    let lab = Lab::new();
    lab.log.script([Step::Lost, away()]);
    let refused = answer(lab.submit(message(user(1), "said"))).await;
    assert_eq!(refused, Err(UNKNOWN));
    assert_eq!(lab.log.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_definite_failure_is_told_as_one() {
    let lab = Lab::new();
    let cases = [
        (
            NotStored::ChatNotFound,
            ServiceError::NotFound(crate::Missing::Chat),
        ),
        (
            NotStored::TooLarge,
            ServiceError::Refused(Refusal::TooLarge),
        ),
    ];
    for (why, expected) in cases {
        lab.log.script([Step::Refused(why)]);
        let refused = answer(lab.submit(message(user(1), "said"))).await;
        assert_eq!(refused, Err(expected));
    }
    lab.log.script([away()]);
    let refused = answer(lab.submit(message(user(1), "said"))).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))));
    assert!(lab.log.events().is_empty());
}

/// An earlier try of an older epoch is dead once the epoch has moved, so the refusal is definite again.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_the_epoch_moved_is_definite_in_spite_of_an_earlier_doubt() {
    let lab = Lab::new();
    lab.log.script([Step::Vanished(None)]);
    lab.recorder.refused.lock().unwrap().push(user(1));
    let refused = lab.submit(message(user(1), "said"));
    lab.log.begun(1).await;
    lab.log.raise_epoch();
    assert_eq!(answer(refused).await, Err(ServiceError::Forbidden));
}

/// What may be stored is asked for as it was, although its author was removed in the meantime.
#[tokio::test(start_paused = true)]
async fn a_doubtful_message_of_a_removed_author_is_found() {
    let lab = Lab::new();
    lab.log.script([Step::Lost]);
    let last_words = lab.submit(message(user(1), "last words"));
    lab.log.begun(1).await;
    lab.log.raise_epoch();
    lab.recorder.refused.lock().unwrap().push(user(1));
    let settled = answer(last_words).await.unwrap();
    assert_eq!(settled.event.seq, Seq::FIRST);
    assert!(lab.recorder.authorized.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn rights_that_never_rest_end_in_busy() {
    let lab = Lab::new();
    let restless = message(user(1), "said");
    lab.log.script(std::iter::repeat_n(Step::Hold, 5));
    let restless = lab.submit(restless);
    for begun in 1..=5 {
        lab.log.begun(begun).await;
        lab.log.raise_epoch();
        lab.log.go_on();
    }
    assert!(matches!(
        answer(restless).await,
        Err(ServiceError::Busy { .. })
    ));
    assert!(lab.log.events().is_empty());
}
