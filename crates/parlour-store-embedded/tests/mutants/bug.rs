//! The bugs, each with the case that is there for it.

use std::collections::HashMap;
use std::sync::Mutex;

use parlour_model::{ChatId, Member, UserId};
use parlour_store::SharedStore;

/// What a store could do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Takes the author's rights for granted at the commit.
    IgnoresTheEpoch,
    /// Takes every attempt for a new one.
    ForgetsKeys,
    /// Answers a retry without looking at what it says.
    IgnoresTheBody,
    /// Acknowledges the last draft of a large call and drops it.
    LosesAnAcknowledgedEvent,
    /// Commits the drafts of a call in another order.
    ReordersACall,
    /// One known key refuses the whole call.
    OneBadDraftFailsAll,
    /// Says that a key is cancelled, and does nothing.
    CancelsInWordsOnly,
    /// Says `Created` to whoever comes later, too.
    CreatesTwice,
    /// Shows events a moment late.
    ReadsAMomentLate,
    /// Leaves an event out of a long range.
    SkipsAnEvent,
    /// Scans as many events as lines are asked for, and no more.
    AnswersEmptyPages,
    /// Shows a former member what came after them.
    IgnoresTheUpperFence,
    /// Shows messages as they were posted.
    ForgetsEdits,
    /// Keeps the first member row it ever read.
    KeepsAnOldMemberRow,
    /// Answers the mark that was sent, not the one that stands.
    LetsMarksFall,
    /// Takes a mark above the head for one at the head.
    TakesMarksAboveTheHead,
    /// Lets everybody win.
    EverybodyWinsAClaim,
    /// Replaces a password hash, whatever was expected.
    ReplacesAnyPasswordHash,
    /// Compares names byte by byte.
    SearchesWithoutFolding,
    /// Takes an old refresh token for a lost answer, for ever.
    ReplaysForEver,
    /// Answers `Gone` to a stolen token and lets the session live.
    SparesAStolenSession,
    /// Also revokes the session that asked.
    RevokesTheExceptionToo,
    /// Answers keys in any order.
    ShufflesKeys,
    /// Starts every page of reports at the first.
    PagesReportsFromTheStart,
}

/// Every bug and the case that finds it.
pub(crate) const BUGS: &[(Bug, &str)] = &[
    (
        Bug::IgnoresTheEpoch,
        "a_draft_checked_at_an_older_epoch_is_refused",
    ),
    (Bug::IgnoresTheEpoch, "an_epoch_survives_a_roll_over"),
    (Bug::ForgetsKeys, "a_retry_answers_the_same_event"),
    (Bug::ForgetsKeys, "a_key_raced_by_many_calls_is_one_event"),
    (
        Bug::ForgetsKeys,
        "a_retry_after_many_buckets_finds_its_event",
    ),
    (
        Bug::IgnoresTheBody,
        "another_body_under_a_used_key_is_refused",
    ),
    (
        Bug::LosesAnAcknowledgedEvent,
        "drafts_of_one_call_keep_their_order",
    ),
    (Bug::ReordersACall, "drafts_of_one_call_keep_their_order"),
    (
        Bug::ReordersACall,
        "a_message_before_its_authors_removal_is_stored",
    ),
    (
        Bug::OneBadDraftFailsAll,
        "a_bad_draft_among_good_ones_fails_alone",
    ),
    (Bug::CancelsInWordsOnly, "a_cancelled_key_is_never_stored"),
    (
        Bug::CreatesTwice,
        "a_chat_raced_by_two_creators_is_created_once",
    ),
    (
        Bug::ReadsAMomentLate,
        "an_acknowledged_event_is_seen_at_once",
    ),
    (Bug::SkipsAnEvent, "a_range_of_events_is_exact"),
    (Bug::SkipsAnEvent, "a_reader_of_a_growing_log_sees_no_hole"),
    (
        Bug::AnswersEmptyPages,
        "hundreds_of_reactions_between_messages_hide_nothing",
    ),
    (
        Bug::AnswersEmptyPages,
        "walking_page_by_page_meets_every_line_once",
    ),
    (
        Bug::IgnoresTheUpperFence,
        "a_former_member_sees_what_lies_between_joining_and_leaving",
    ),
    (Bug::ForgetsEdits, "an_edit_from_another_bucket_is_seen"),
    (Bug::ForgetsEdits, "the_tables_say_what_the_log_says"),
    (
        Bug::KeepsAnOldMemberRow,
        "an_authority_is_what_the_log_says_up_to_its_seq",
    ),
    (Bug::LetsMarksFall, "a_mark_never_falls"),
    (
        Bug::TakesMarksAboveTheHead,
        "a_mark_above_the_head_is_refused",
    ),
    (
        Bug::EverybodyWinsAClaim,
        "a_name_raced_by_many_has_one_owner",
    ),
    (
        Bug::ReplacesAnyPasswordHash,
        "a_password_hash_is_replaced_only_if_expected",
    ),
    (
        Bug::SearchesWithoutFolding,
        "accents_and_case_make_no_difference",
    ),
    (
        Bug::ReplaysForEver,
        "a_token_that_cannot_be_good_revokes_the_session",
    ),
    (
        Bug::SparesAStolenSession,
        "a_token_that_cannot_be_good_revokes_the_session",
    ),
    (
        Bug::RevokesTheExceptionToo,
        "all_sessions_but_one_are_revoked",
    ),
    (Bug::ShufflesKeys, "keys_come_by_the_time_they_were_made"),
    (
        Bug::PagesReportsFromTheStart,
        "reports_are_paged_by_rising_id",
    ),
];

/// A store with a bug, or a faithful wrapper.
pub(crate) struct Mutant {
    pub(super) inner: SharedStore,
    bug: Option<Bug>,
    pub(super) rows: Mutex<HashMap<(ChatId, UserId), Option<Member>>>,
}

impl Mutant {
    pub(crate) fn new(inner: SharedStore, bug: Option<Bug>) -> Self {
        Self {
            inner,
            bug,
            rows: Mutex::default(),
        }
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}
