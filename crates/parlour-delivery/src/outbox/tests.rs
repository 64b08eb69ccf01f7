//! What an outbox promises its two ends.

use parlour_model::Timestamp;
use parlour_protocol::PongFrame;

use super::*;

fn frame(number: u64) -> Encoded {
    Encoded::new(ServerFrame::Pong(PongFrame {
        reference: None,
        server_time: Timestamp::from_millis(number),
    }))
}

fn frames(batch: Batch) -> usize {
    match batch {
        Batch::Frames(frames) => frames.len(),
        Batch::Close(code) => panic!("closed: {code}"),
    }
}

#[tokio::test]
async fn a_full_outbox_closes_a_slow_consumer() {
    let (outbox, mut outgoing) = Outbox::new(Encoding::Json);
    for number in 0..limits::OUTBOUND_FRAMES_MAX as u64 {
        assert!(outbox.push(&frame(number)));
    }
    assert!(!outbox.push(&frame(0)));
    assert_eq!(
        outgoing.next_batch(usize::MAX).await,
        Batch::Close(CloseCode::SlowConsumer)
    );
    assert!(!outbox.push(&frame(0)));
    assert_eq!(outbox.bytes(), 0);
}

#[tokio::test]
async fn what_may_be_missed_is_dropped_at_half_and_nobody_is_closed() {
    let (outbox, mut outgoing) = Outbox::new(Encoding::Json);
    let half = limits::OUTBOUND_FRAMES_MAX / 2;
    let taken = (0..half as u64 + 5).filter(|number| outbox.push_soft(&frame(*number)));
    assert_eq!(taken.count(), half);
    assert!(outbox.push(&frame(0)));
    assert_eq!(frames(outgoing.next_batch(usize::MAX).await), half + 1);
}

#[tokio::test]
async fn a_sync_waits_for_room_and_leaves_half_to_others() {
    let (outbox, mut outgoing) = Outbox::new(Encoding::MessagePack);
    let half = limits::OUTBOUND_FRAMES_MAX / 2;
    for number in 0..half as u64 {
        assert!(outbox.wait_push(&frame(number)).await);
    }
    let one_more = frame(7);
    let waiting = outbox.wait_push(&one_more);
    tokio::pin!(waiting);
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    assert_eq!(frames(outgoing.next_batch(usize::MAX).await), half);
    assert!(waiting.await);
}

#[tokio::test]
async fn closing_ends_a_wait_and_comes_after_what_was_queued() {
    let (outbox, mut outgoing) = Outbox::new(Encoding::Json);
    for number in 0..limits::OUTBOUND_FRAMES_MAX as u64 / 2 {
        outbox.push(&frame(number));
    }
    let one_more = frame(7);
    let waiting = outbox.wait_push(&one_more);
    tokio::pin!(waiting);
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    outbox.close(CloseCode::TokenExpired);
    outbox.close(CloseCode::Draining);
    assert!(!waiting.await);
    assert!(frames(outgoing.next_batch(usize::MAX).await) > 0);
    let close = Batch::Close(CloseCode::TokenExpired);
    assert_eq!(outgoing.next_batch(usize::MAX).await, close);
}

#[tokio::test]
async fn a_batch_keeps_to_its_bytes_and_holds_at_least_one_frame() {
    let (outbox, mut outgoing) = Outbox::new(Encoding::Json);
    let size = frame(0).bytes(Encoding::Json).len();
    for number in 0..5 {
        outbox.push(&frame(number));
    }
    assert_eq!(frames(outgoing.next_batch(2 * size).await), 2);
    assert_eq!(frames(outgoing.next_batch(1).await), 1);
    assert_eq!(outbox.bytes(), 2 * size);
    assert_eq!(frames(outgoing.next_batch(usize::MAX).await), 2);
    assert_eq!(outgoing.try_next_batch(1), None);
}
