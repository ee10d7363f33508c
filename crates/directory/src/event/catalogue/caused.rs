//! What the server causes itself.

use super::{EventGroup, EventType as E, Origin, Section};

pub(super) static SECTIONS: [Section; 13] = [
    Section {
        group: EventGroup::User,
        origin: Origin::Server,
        rows: &[
            (E::UserCreated, "user_created", "A user was made."),
            (
                E::UserUpdated,
                "user_updated",
                "Fields of a user changed, or a deleted user came back.",
            ),
            (
                E::UserDeleted,
                "user_deleted",
                "A user was deleted, and their email is free again.",
            ),
            (E::UserLoggedIn, "user_logged_in", "A user logged in."),
            (
                E::UserLoggedOut,
                "user_logged_out",
                "A user ended their session.",
            ),
            (
                E::UserPasswordChanged,
                "user_password_changed",
                "A user's password was set anew.",
            ),
            (
                E::UserPasswordResetRequested,
                "user_password_reset_requested",
                "A link to set a new password was asked for.",
            ),
            (
                E::UserImpersonated,
                "user_impersonated",
                "Somebody began to act as another user.",
            ),
            (
                E::UserPermissionsSetDirectly,
                "user_permissions_set_directly",
                "A user gained or lost permissions that come from no role.",
            ),
            (
                E::UserRolesUpdated,
                "user_roles_updated",
                "A user gained or lost roles.",
            ),
            (
                E::UserAddedToAccount,
                "user_added_to_account",
                "A user became a member of an account.",
            ),
            (
                E::UserRemovedFromAccount,
                "user_removed_from_account",
                "A user stopped being a member of an account.",
            ),
            (
                E::UserAccountSettingsUpdated,
                "user_account_settings_updated",
                "A member's role or rights in an account changed.",
            ),
            (
                E::AdminForceSetPassword,
                "admin_force_set_password",
                "An administrator set the password of somebody else.",
            ),
            (E::UserSuspended, "user_suspended", "A user was suspended."),
            (
                E::UserReinstated,
                "user_reinstated",
                "A user's suspension ended.",
            ),
            (
                E::UserErased,
                "user_erased",
                "A user's personal data was removed for good.",
            ),
            (
                E::UserSignUpRepeated,
                "user_sign_up_repeated",
                "Somebody tried to sign up with the email of a user.",
            ),
        ],
    },
    Section {
        group: EventGroup::Account,
        origin: Origin::Server,
        rows: &[
            (E::AccountCreated, "account_created", "An account was made."),
            (
                E::AccountUpdated,
                "account_updated",
                "Fields of an account changed.",
            ),
            (
                E::AccountDeleted,
                "account_deleted",
                "An account was deleted.",
            ),
            (
                E::AccountPermissionsUpdated,
                "account_permissions_updated",
                "What the members of an account may do changed.",
            ),
        ],
    },
    Section {
        group: EventGroup::Team,
        origin: Origin::Server,
        rows: &[
            (E::TeamCreated, "team_created", "A group was made."),
            (E::TeamUpdated, "team_updated", "Fields of a group changed."),
            (E::TeamDeleted, "team_deleted", "A group was deleted."),
            (
                E::TeamActivated,
                "team_activated",
                "A group came into use again.",
            ),
            (
                E::TeamDeactivated,
                "team_deactivated",
                "A group was put out of use.",
            ),
        ],
    },
    Section {
        group: EventGroup::Role,
        origin: Origin::Server,
        rows: &[
            (E::RoleCreated, "role_created", "A role was made."),
            (E::RoleDeleted, "role_deleted", "A role was deleted."),
            (
                E::RolePermissionsUpdated,
                "role_permissions_updated",
                "What a role allows changed.",
            ),
        ],
    },
    Section {
        group: EventGroup::Key,
        origin: Origin::Server,
        rows: &[
            (E::ApiKeyCreated, "api_key_created", "An API key was made."),
            (
                E::ApiKeyUpdated,
                "api_key_updated",
                "An API key was given a new secret.",
            ),
            (
                E::ApiKeyDeleted,
                "api_key_deleted",
                "An API key was revoked, and its tokens with it.",
            ),
        ],
    },
    Section {
        group: EventGroup::Passkey,
        origin: Origin::Server,
        rows: &[
            (
                E::AdminSendPasskeyRegistration,
                "admin_send_passkey_registration",
                "An administrator sent somebody a link to register a passkey.",
            ),
            (
                E::PasskeyRegistrationTokenValidated,
                "passkey_registration_token_validated",
                "A link to register a passkey was opened and found valid.",
            ),
            (
                E::PasskeyRegistrationOptionsGenerated,
                "passkey_registration_options_generated",
                "A challenge to register a passkey was given out.",
            ),
            (
                E::PasskeyRegistered,
                "passkey_registered",
                "A user registered a passkey.",
            ),
            (
                E::PasskeyAuthenticationOptionsGenerated,
                "passkey_authentication_options_generated",
                "A challenge to log in with a passkey was given out.",
            ),
            (
                E::PasskeyAuthenticated,
                "passkey_authenticated",
                "A user proved who they are with a passkey.",
            ),
            (
                E::PasskeyListViewed,
                "passkey_list_viewed",
                "A user's passkeys were listed.",
            ),
            (
                E::PasskeyRenamed,
                "passkey_renamed",
                "A passkey was given another name.",
            ),
            (
                E::PasskeyDeleted,
                "passkey_deleted",
                "A passkey was deleted.",
            ),
            (
                E::PasskeyRefused,
                "passkey_refused",
                "A passkey whose counter went back was refused: there may be a copy.",
            ),
        ],
    },
    Section {
        group: EventGroup::Invitation,
        origin: Origin::Server,
        rows: &[
            (
                E::InvitationCreated,
                "invitation_created",
                "A user was invited, or asked to verify their address.",
            ),
            (
                E::InvitationAccepted,
                "invitation_accepted",
                "An invitation was accepted.",
            ),
            (
                E::InvitationRevoked,
                "invitation_revoked",
                "An invitation was taken back.",
            ),
            (
                E::InvitationExpired,
                "invitation_expired",
                "An invitation ended without an answer.",
            ),
        ],
    },
    Section {
        group: EventGroup::Badge,
        origin: Origin::Server,
        rows: &[(
            E::BadgeCreated,
            "badge_created",
            "A badge was made for workers to hold.",
        )],
    },
    Section {
        group: EventGroup::Form,
        origin: Origin::Server,
        rows: &[(
            E::FormUpdated,
            "form_updated",
            "A form's configuration was stored.",
        )],
    },
    Section {
        group: EventGroup::Job,
        origin: Origin::Server,
        rows: &[(
            E::JobStateChanged,
            "job_state_changed",
            "A job came into another state.",
        )],
    },
    Section {
        group: EventGroup::Message,
        origin: Origin::Server,
        rows: &[(
            E::MessageFailed,
            "message_failed",
            "An email or SMS was given up undelivered.",
        )],
    },
    Section {
        group: EventGroup::Webhook,
        origin: Origin::Server,
        rows: &[
            (
                E::WebhookCreated,
                "webhook_created",
                "A webhook endpoint was made.",
            ),
            (
                E::WebhookUpdated,
                "webhook_updated",
                "A webhook endpoint was changed.",
            ),
            (
                E::WebhookDeleted,
                "webhook_deleted",
                "A webhook endpoint was deleted.",
            ),
            (
                E::WebhookDeliveryFailed,
                "webhook_delivery_failed",
                "A delivery to a webhook endpoint was given up.",
            ),
            (
                E::WebhookTest,
                "webhook_test",
                "A test was sent to a webhook endpoint.",
            ),
            (
                E::WebhookDisabled,
                "webhook_disabled",
                "A webhook endpoint that kept failing was switched off.",
            ),
        ],
    },
    Section {
        group: EventGroup::System,
        origin: Origin::Server,
        rows: &[
            (
                E::RedirectAdded,
                "redirect_added",
                "An address was added to those that pages may lead to.",
            ),
            (
                E::RedirectRemoved,
                "redirect_removed",
                "Pages may lead to an address no more.",
            ),
            (
                E::SystemError,
                "system_error",
                "Something failed inside the server.",
            ),
            (
                E::QuotaExceeded,
                "quota_exceeded",
                "More was asked for than is granted.",
            ),
            (
                E::ApiRateLimited,
                "api_rate_limited",
                "A client was slowed down for sending too many requests.",
            ),
            (
                E::CronJob,
                "cron_job",
                "A job of the server's timetable ran.",
            ),
        ],
    },
];
