//! The list of all cases: the only place that names them, for the macro and for [`cases`] alike.
//!
//! A test compares it with the files of the suite, so no case is forgotten here.

use super::{Case, in_time};

/// Makes one multi-threaded tokio test of each case of the conformance suite. Takes the path of a function
/// `async fn() -> impl Fixture` that makes a fresh fixture, or the word `optional` and the path of an
/// `async fn() -> Option<impl Fixture>`, for stores that need a service: without it every case ends at once.
#[macro_export]
macro_rules! conformance_tests {
    (optional $fixture:path) => {
        $crate::__conformance_list! { @optional_tests [$fixture] }
    };
    ($fixture:path) => {
        $crate::__conformance_list! { @tests [$fixture] }
    };
}

/// Hands the list to one of the two uses of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    (@tests [$fixture:path] $($theme:ident { $($case:ident)* })+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let fixture = $fixture().await;
                let case = $crate::conformance::$theme::$case(&fixture);
                $crate::conformance::in_time(stringify!($case), case).await;
            }
        )*)+
    };
    (@optional_tests [$fixture:path] $($theme:ident { $($case:ident)* })+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(fixture) = $fixture().await else { return };
                let case = $crate::conformance::$theme::$case(&fixture);
                $crate::conformance::in_time(stringify!($case), case).await;
            }
        )*)+
    };
    (@cases [] $($theme:ident { $($case:ident)* })+) => {
        vec![$($(Case {
            name: stringify!($case),
            run: |fixture| Box::pin(in_time(stringify!($case), super::$theme::$case(fixture))),
        },)*)+]
    };
    (@$use:ident [$($argument:tt)*]) => {
        $crate::__conformance_list! { @$use [$($argument)*]
            creation {
                a_new_chat_starts_with_its_creation
                creating_a_chat_again_finds_it
                a_chat_raced_by_two_creators_is_created_once
                the_key_of_a_creation_is_used
                a_chat_that_does_not_exist_has_nothing
            }
            keys {
                a_retry_answers_the_same_event
                a_retry_is_answered_after_the_epoch_moved
                another_body_under_a_used_key_is_refused
                a_key_is_its_authors_and_its_chats_own
                a_key_twice_in_one_call_is_one_event
                a_key_raced_by_many_calls_is_one_event
                a_retry_after_many_buckets_finds_its_event
                a_key_outside_its_window_is_refused
                a_key_is_remembered_while_it_may_be_retried
                an_expired_key_is_forgotten_and_still_refused
            }
            cancel {
                find_tells_what_became_of_a_key
                a_cancelled_key_is_never_stored
                a_cancelled_key_stays_cancelled_for_many_buckets
                cancelling_a_stored_key_finds_its_event
                a_cancel_raced_by_its_append_agrees_with_it
            }
            rights {
                a_draft_checked_at_an_older_epoch_is_refused
                a_draft_checked_at_a_later_epoch_is_refused
                an_epoch_survives_a_roll_over
                only_events_that_take_a_right_raise_the_epoch
                a_removal_refuses_what_follows_it_in_its_call
                a_message_before_its_authors_removal_is_stored
                a_bad_draft_among_good_ones_fails_alone
                an_event_that_is_too_large_fails_alone
                the_first_failing_check_names_the_reason
                nobody_posts_after_a_removal_that_raced_them
            }
            order {
                drafts_of_one_call_keep_their_order
                an_empty_call_changes_nothing
                ids_rise_while_clocks_step
                an_id_carries_the_time_of_its_commit
                concurrent_appends_to_one_chat_are_all_there_once
                concurrent_appends_to_many_chats_stay_apart
                an_acknowledged_event_is_seen_at_once
                an_event_comes_back_as_it_was_said
                a_hint_about_the_head_changes_no_answer
            }
            reads {
                a_range_of_events_is_exact
                a_reader_of_a_growing_log_sees_no_hole
                an_id_leads_to_its_seq
                heads_come_in_the_order_asked
            }
            paging {
                a_page_holds_exactly_the_lines_next_to_its_anchor
                a_page_around_a_seq_has_it_in_the_middle
                hundreds_of_reactions_between_messages_hide_nothing
                walking_page_by_page_meets_every_line_once
                one_message_is_answered_as_pages_show_it
            }
            messages {
                an_edit_from_another_bucket_is_seen
                the_last_edit_wins
                a_deletion_hides_what_comes_later
                a_deletion_erases_the_body_from_the_log
                a_deletion_erases_the_bodies_of_edits
                the_key_of_an_erased_message_is_still_known
                a_reaction_is_a_switch_per_user_and_emoji
                a_pin_is_a_switch
                a_change_touches_its_target_alone
            }
            membership {
                a_new_chat_has_the_members_it_was_created_with
                a_member_may_leave_and_join_again
                roles_change_and_a_chat_is_handed_over
                members_are_paged_by_user
                memberships_name_present_and_former_chats
                many_users_join_by_one_event
                an_authority_is_what_the_log_says_up_to_its_seq
            }
            chat_row {
                title_and_history_change_alone
                the_data_of_a_chat_is_set_replaced_and_taken_away
                a_new_chat_has_the_data_it_was_created_with
            }
            projection {
                the_chain_of_effects_misses_none
                the_tables_say_what_the_log_says
                effects_written_late_and_twice_change_nothing
            }
            watermarks {
                a_mark_never_falls
                a_read_mark_raises_the_delivered_mark
                a_read_mark_carries_the_countable_number_of_its_event
                a_mark_above_the_head_is_refused
                concurrent_marks_leave_the_highest
                marks_outlive_leaving_and_joining_again
                marks_are_listed_by_user_and_by_chat
            }
            summary {
                unread_is_what_was_said_since_reading_or_joining
                unread_starts_again_at_joining_again
                unread_is_not_changed_by_a_deletion
                a_summary_is_put_together_from_the_reads
                only_a_member_has_a_summary
                a_former_member_sees_what_lies_between_joining_and_leaving
            }
            claims {
                the_first_to_claim_a_name_owns_it
                claims_of_different_names_and_spaces_are_apart
                a_claim_ends_with_its_time_to_live
                a_name_raced_by_many_has_one_owner
            }
            accounts {
                a_user_exists_once_their_name_points_to_them
                a_row_whose_name_points_elsewhere_is_nobody
                an_id_is_one_users
                users_who_do_not_exist_are_left_out
                a_profile_changes_field_by_field
                a_password_hash_is_replaced
                a_password_hash_is_replaced_only_if_expected
                a_block_has_a_direction
                a_new_user_has_the_data_they_came_with
                last_known_is_answered_in_order
                privacy_is_what_was_chosen_last
            }
            search {
                a_user_is_found_by_each_of_their_names
                accents_and_case_make_no_difference
                special_characters_stand_for_themselves
                found_users_are_paged_by_name
                a_changed_name_is_found_and_the_old_one_is_not
            }
            sessions {
                sessions_are_listed_newest_first
                a_session_id_is_one_session
                a_refresh_token_is_replaced_by_its_successor
                a_lost_answer_can_be_asked_for_again
                a_token_that_cannot_be_good_revokes_the_session
                a_token_raced_by_many_is_used_once
                a_session_is_revoked_once_and_by_its_user
                all_sessions_but_one_are_revoked
                revocations_are_found_since_their_time
                last_activity_never_falls
            }
            keyring {
                the_first_key_of_an_id_stays
                a_key_raced_by_many_is_one_key
                keys_come_by_the_time_they_were_made
                only_keys_past_their_end_are_forgotten
            }
            reports {
                reports_are_paged_by_rising_id
                the_first_report_of_an_id_stays
            }
            durability {
                a_log_goes_on_after_reopening
                keys_are_remembered_after_reopening
                the_tables_are_kept_after_reopening
                users_are_kept_after_reopening
                sessions_and_keys_are_kept_after_reopening
                data_and_reports_are_kept_after_reopening
            }
        }
    };
}

/// All cases, for whoever wants to run them otherwise than as one test each.
#[must_use]
pub fn cases() -> Vec<Case> {
    __conformance_list! { @cases [] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_names_every_case_of_every_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
        let mut written = BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let functions = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn "));
            let cases = functions.filter_map(|line| line.split_once("(fixture: &dyn Fixture)"));
            written.extend(cases.map(|(name, _)| name.to_owned()));
        }
        let listed: BTreeSet<String> = cases().iter().map(|case| case.name.to_owned()).collect();
        let difference: Vec<_> = listed.symmetric_difference(&written).collect();
        assert!(
            difference.is_empty(),
            "not in both list and files: {difference:?}"
        );
        assert!(listed.len() > 100);
    }
}
