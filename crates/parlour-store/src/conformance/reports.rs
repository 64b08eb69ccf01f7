//! Reports are kept as they came, each once.

use std::sync::Arc;
use std::time::Duration;

use parlour_model::{
    Clock, IdGenerator, ManualClock, NodeNumber, Report, ReportId, ReportReason, Reported, Seq,
    UserId,
};

use super::Fixture;
use super::room::{new_chat_id, new_user, random_number};
use crate::SharedStore;

/// Reports come by rising id whatever the order they were written in, page by page, exactly as they were written.
pub async fn reports_are_paged_by_rising_id(fixture: &dyn Fixture) {
    let (store, reporter) = (fixture.store(), new_user());
    let mut written = some_reports(&fixture.clock(), reporter);
    for report in written.iter().rev() {
        put(&store, report).await;
    }
    assert_eq!(reports_of(&store, &written, 2).await, written);
    assert_eq!(reports_of(&store, &written, 100).await, written);
    written.remove(0);
    let after = Some(written[0].id);
    let found = store.reports(after, 100).await.expect("reports");
    assert!(found.iter().all(|report| Some(report.id) > after));
}

/// Writing a report again changes nothing, and neither does another one under its id.
pub async fn the_first_report_of_an_id_stays(fixture: &dyn Fixture) {
    let (store, reporter) = (fixture.store(), new_user());
    let written = some_reports(&fixture.clock(), reporter);
    for report in &written {
        put(&store, report).await;
        put(&store, report).await;
        let mut other = report.clone();
        other.note = Some("another".to_owned());
        other.reason = ReportReason::Other;
        put(&store, &other).await;
    }
    assert_eq!(reports_of(&store, &written, 3).await, written);
}

/// One report of each kind, by rising id, over some weeks.
pub(super) fn some_reports(clock: &Arc<ManualClock>, reporter: UserId) -> Vec<Report> {
    let node = u16::try_from(random_number() % 1_024).expect("below 1,024");
    let node = NodeNumber::new(node).expect("below 1,024");
    let ids = IdGenerator::new(node, Arc::clone(clock) as Arc<dyn Clock>, clock.now());
    let abouts = [
        Reported::User(new_user()),
        Reported::Chat(new_chat_id()),
        Reported::Message {
            chat: new_chat_id(),
            seq: Seq::new(7),
            author: new_user(),
        },
        Reported::User(new_user()),
    ];
    let reasons = [
        ReportReason::Spam,
        ReportReason::Abuse,
        ReportReason::Violence,
        ReportReason::Other,
    ];
    let pairs = abouts.into_iter().zip(reasons).enumerate();
    pairs
        .map(|(number, (about, reason))| {
            // Of no two cases the same, should they share a store.
            clock.advance(Duration::from_millis(1 + random_number() % 864_000_000));
            let id = ids.next_id().expect("a generator that was never limited");
            Report {
                id: ReportId::new(id).expect("a Snowflake"),
                reporter,
                about,
                reason,
                note: (number > 0).then(|| format!("note {number}")),
                at: clock.now(),
            }
        })
        .collect()
}

/// Writes a report.
pub(super) async fn put(store: &SharedStore, report: &Report) {
    let put = store.put_report(report.clone()).await;
    put.expect("put_report");
}

/// The reports of the same reporter, read in pages from the first of `written` on.
pub(super) async fn reports_of(
    store: &SharedStore,
    written: &[Report],
    limit: usize,
) -> Vec<Report> {
    let first = &written[0];
    let mut after = Some(ReportId::new(first.id.get() - 1).expect("above zero"));
    let mut found = Vec::new();
    loop {
        let page = store.reports(after, limit).await.expect("reports");
        assert!(page.len() <= limit, "more than asked for");
        assert!(page.is_sorted_by_key(|report| report.id), "{page:?}");
        let Some(last) = page.last() else {
            return found;
        };
        assert!(Some(last.id) > after, "a page goes on");
        after = Some(last.id);
        found.extend(page.into_iter().filter(|r| r.reporter == first.reporter));
    }
}
