"""What is not in docs/acts.md, and the test that holds it: it wants a state or a door of its own."""

# File → verb → how its test begins.
VERBS = {
    "accounts/breaches/test_register.py": {
        "breach.overdue": "test_a_report_that_is_late",
        "alert.delivered": "test_a_report_that_is_late",
    },
    "accounts/disclosures/test_opening.py": {
        "disclosure.opened": "test_the_statement_is_opened_by",
    },
    "accounts/people/test_people.py": {
        "staff.limit_reached": "test_past_a_days_worth_of",
    },
    "accounts/reveals/test_reveal.py": {
        "identity.reveals_stopped": "test_above_the_daily_quota_it",
    },
    "accounts/reveals/test_minor.py": {
        "identity.reveal_asked": "test_an_officer_asks_the_privacy",
        "identity.reveal_void": "test_when_the_item_changed_nobody",
    },
    "accounts/imports/test_import.py": {
        "identity.import_tried": "test_a_file_is_tried_recorded",
    },
    "accounts/logins/test_logins.py": {
        "number.activated": "test_the_first_login_activates_and",
    },
    "accounts/quarantine/test_purge.py": {
        "logins.expired": "test_login_facts_stay_for_six",
    },
    "accounts/quarantine/test_release.py": {
        "number.released": "test_a_number_is_released_when",
    },
    "accounts/resources/test_campaigns.py": {
        "campaign.opened": "test_it_is_opened_by_two",
    },
    "accounts/resources/test_numbers.py": {
        "number.tier_set": "test_a_tier_set_by_hand",
    },
    "accounts/resources/test_policies.py": {
        "policy.adopted": "test_a_policy_is_in_force",
        "policy.ended": "test_a_policy_is_not_changed",
    },
    "accounts/resources/test_ranges.py": {
        "range.planned": "test_what_a_range_is_for",
    },
    "accounts/retention/test_erase.py": {
        "identity.keys_expired": "test_the_keys_of_cases_last",
    },
    "accounts/retention/test_holds.py": {
        "number.hold_expired": "test_the_worker_ends_holds_in",
    },
    "accounts/protection/test_services.py": {
        "number.protection_ended": "test_only_a_supervisor_ends_or",
    },
    "qqops/alerts/test_delivery.py": {
        "alert.undelivered": "test_after_the_last_try_it",
    },
    "qqops/alerts/test_raising.py": {
        "demo.built": "test_an_alert_and_its_event",
    },
    "appeals/filing/test_commands.py": {
        "appeal.joined": "test_a_file_whose_lines_found",
    },
    "appeals/recovery/test_contested.py": {
        "measure.over": "test_upheld_it_stands_until_new",
    },
    "appeals/test_keys.py": {
        "appeal.words_cleared": "test_the_words_go_when_no",
    },
    "appeals/filing/test_conflicting_filings.py": {
        "appeal.claimed": "test_what_another_claimant_says_is",
    },
    "appeals/queue/test_sweep_stuck.py": {
        "appeal.stuck": "test_of_three_that_have_cooled",
    },
    "qqops/audit/verify/test_checkpoint.py": {
        "audit.checkpoint_sent": "test_a_checkpoint_leaves_by_mail",
        "audit.checkpoint_unsent": "test_a_checkpoint_leaves_by_mail",
    },
    "qqops/audit/test_months.py": {
        "audit.months_made": "test_a_missing_month_is_made",
        "audit.months_wanting": "test_few_months_and_rows_of",
    },
    "qqops/audit/verify/test_verify.py": {
        "audit.broken": "test_the_command_says_whole_or",
    },
    "clauses/test_8_2_b_no_transfer.py": {
        "number.holder_corrected": "test_the_licence_ends_one_tenure",
    },
    "enforcement/evidence/test_keeping.py": {
        "evidence.keys_dropped": "test_what_nothing_rests_on_goes",
    },
    "enforcement/feed/test_push.py": {
        "feed.reader_began": "test_everything_is_posted_page_by",
    },
    "enforcement/feed/test_readers.py": {
        "feed.reader_forgotten": "test_a_reader_that_is_no",
        "feed.behind": "test_who_leaves_a_change_for",
    },
    "enforcement/notices/test_ended.py": {
        "decision.announced": "test_who_was_told_of_a",
        "decision.all_told": "test_who_was_told_of_a",
    },
    "qqops/staff/access/test_command.py": {
        "staff.joined": "test_the_first_two_of_a",
    },
    "qqops/staff/signin/test_factors.py": {
        "staff.factor_added": "test_the_only_app_is_moved",
        "staff.factor_removed": "test_the_only_app_is_moved",
        "staff.codes_made": "test_new_recovery_codes_take_the",
    },
    "qqops/staff/signin/test_passkeys.py": {
        "staff.signed_in": "test_a_passkey_alone_lets_in",
        "staff.locked_out_address": "test_challenges_are_given_to_an",
        "staff.proved": "test_whoever_has_only_a_passkey",
        "staff.sign_in_failed": "test_an_answer_that_does_not",
    },
    "qqops/staff/signin/test_recent_auth.py": {
        "staff.locked_out": "test_ones_own_password_is_asked",
    },
    "qqops/staff/signin/test_signin.py": {
        "staff.signed_out": "test_a_sign_out_is_a",
    },
    "qqops/staff/signin/test_throttle.py": {
        "staff.locked_out_code": "test_of_many_codes_at_once",
    },
    "qqops/crypto/test_drill.py": {
        "seal.lost": "test_without_it_for_ever_the",
    },
    "qqops/crypto/test_rotation.py": {
        "seal.rotated": "test_everything_is_sealed_anew_and",
        "seal.retired": "test_everything_is_sealed_anew_and",
    },
    "enforcement/reclaim/test_pages.py": {
        "number.exemption_ended": "test_a_number_is_exempt_with",
    },
    "enforcement/approval/test_pages.py": {
        "decision.confirmed": "test_a_supervisor_finds_the_proposal",
    },
}
# The sign-in and its factors, and commands that find nothing to do where the story ends.
DOORS = {
    "account_login": "qqops/staff/signin/test_signin.py",
    "account_logout": "qqops/staff/signin/test_signin.py",
    "account_reauthenticate": "qqops/staff/signin/test_recent_auth.py",
    "mfa_authenticate": "qqops/staff/signin/test_second_factor.py",
    "mfa_reauthenticate": "qqops/staff/signin/test_recent_auth.py",
    "mfa_activate_totp": "qqops/staff/signin/test_factors.py",
    "mfa_move_totp": "qqops/staff/signin/test_factors.py",
    "mfa_generate_recovery_codes": "qqops/staff/signin/test_factors.py",
    "mfa_add_webauthn": "qqops/staff/signin/test_passkeys.py",
    "mfa_login_webauthn": "qqops/staff/signin/test_passkeys.py",
    "mfa_reauthenticate_webauthn": "qqops/staff/signin/test_passkeys.py",
    "demo": "accounts/test_demo.py",
    "migrate": "qqops/boot/test_setup.py",
    "audit_verify": "qqops/audit/verify/test_verify.py",
    "export_states": "enforcement/feed/test_readers.py",
    "identity reapply": "accounts/retention/test_erasure_list.py",
    "release": "accounts/quarantine/test_release.py",
    "seal_rotate": "qqops/crypto/test_keys.py",
    "staff found": "qqops/staff/access/test_command.py",
}
