//! Callers that go away, panics, the end of the node, and queues that vanish.

use super::*;

const UNKNOWN: ServiceError = ServiceError::OutcomeUnknown { applied: None };

#[tokio::test(start_paused = true)]
async fn a_queue_for_which_nothing_waits_is_gone() {
    let lab = Lab::new();
    answer(lab.submit(message(user(1), "said"))).await.unwrap();
    lab.idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_takes_nothing_along() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let gone = lab.submit(message(user(1), "from somebody gone"));
    let stays = lab.submit(message(user(2), "from somebody else"));
    drop((first, gone));
    lab.log.go_on();
    answer(stays).await.unwrap();
    lab.idle().await;
    assert_eq!(lab.log.authors(), [999, 1, 2]);
    assert_eq!(lab.told(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_batch_as_unknown_and_the_rest_goes_on() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    lab.log.script([Step::Panic]);
    let mut waiting: Vec<_> = (0..40)
        .map(|nth| lab.submit(message(user(1), &format!("{nth}"))))
        .collect();
    let rest = waiting.split_off(32);
    lab.log.go_on();
    answer(first).await.unwrap();
    for in_flight in waiting {
        assert_eq!(answer(in_flight).await, Err(UNKNOWN));
    }
    for waited in rest {
        answer(waited).await.unwrap();
    }
    lab.idle().await;
    assert_eq!(lab.log.events().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_the_batch_in_flight_is_finished_and_what_waits_is_refused() {
    let lab = Lab::new();
    let first = lab.occupy().await;
    let waiting = lab.submit(message(user(1), "waits"));
    lab.token.cancel();
    let late = lab.submit(message(user(1), "comes too late"));
    lab.log.go_on();
    answer(first).await.unwrap();
    for refused in [waiting, late] {
        assert!(matches!(
            answer(refused).await,
            Err(ServiceError::Unavailable(_))
        ));
    }
    lab.idle().await;
    assert_eq!(lab.log.authors(), [999]);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_doubtful_append_stays_unknown() {
    let lab = Lab::new();
    lab.log.script([Step::Lost]);
    let doubtful = lab.submit(message(user(1), "said"));
    lab.log.begun(1).await;
    lab.token.cancel();
    assert_eq!(answer(doubtful).await, Err(UNKNOWN));
    lab.idle().await;
    assert_eq!(lab.log.batch_sizes(), [1]);
}
