//! The names of events: the 163 of seed 002, and the server's own where
//! that catalogue has none.

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum EventType {
    LeadCreated,
    LeadUpdated,
    LeadDeleted,
    LeadQualified,
    LeadDisqualified,
    LeadAssigned,
    LeadConverted,
    ApplicationCreated,
    ApplicationUpdated,
    ApplicationDeleted,
    ApplicationCompleted,
    ApplicationSubmitted,
    ApplicationStatusChanged,
    ApplicationSensitiveDataRevealed,
    ApplicationInformationRequested,
    UserCreated,
    UserUpdated,
    UserDeleted,
    UserLoggedIn,
    UserLoggedOut,
    UserPasswordChanged,
    UserPasswordResetRequested,
    AccountCreated,
    AccountUpdated,
    AccountDeleted,
    InvoiceCreated,
    PaymentReceived,
    PaymentFailed,
    RefundIssued,
    EventRequestBodyRevealed,
    EventResponseBodyRevealed,
    SystemError,
    QuotaExceeded,
    ApiRateLimited,
    ApiKeyCreated,
    ApiKeyUpdated,
    ApiKeyDeleted,
    LeadRotationCreated,
    LeadRotationUpdated,
    LeadRotationDeleted,
    TeamCreated,
    TeamUpdated,
    TeamDeleted,
    TeamActivated,
    TeamDeactivated,
    AdminForceSetPassword,
    AdminSendPasskeyRegistration,
    PasskeyRegistrationTokenValidated,
    PasskeyRegistrationOptionsGenerated,
    PasskeyRegistered,
    PasskeyAuthenticationOptionsGenerated,
    PasskeyAuthenticated,
    PasskeyListViewed,
    PasskeyRenamed,
    PasskeyDeleted,
    RoleCreated,
    RoleDeleted,
    RolePermissionsUpdated,
    FileUploadUrlRequested,
    FileUploaded,
    FileDeleted,
    FileRequested,
    FileMetaDataUpdated,
    NoteCreated,
    NoteDeleted,
    NoteUpdated,
    AccountTypeCreated,
    AccountTypeDeleted,
    AccountTypeUpdated,
    UserImpersonated,
    LeadSourceCreated,
    LeadSourceUpdated,
    LeadSourceDeleted,
    LeadSourceActivated,
    LeadSourceDeactivated,
    UserPermissionsSetDirectly,
    UserRolesUpdated,
    AccountPermissionsUpdated,
    LeadArchived,
    LeadUnarchived,
    UserAddedToAccount,
    UserRemovedFromAccount,
    UserAccountSettingsUpdated,
    WebhookCreated,
    WebhookUpdated,
    WebhookDeleted,
    WebhookDeliveryFailed,
    WebhookTest,
    MerchantCreated,
    MerchantUpdated,
    MerchantDeleted,
    UnderwritingApplicationAssigned,
    UnderwritingApplicationPriorityChanged,
    UnderwritingDecisionMade,
    UnderwritingNoteAdded,
    UnderwritingRiskAssessmentGenerated,
    UnderwritingAutoRuleCreated,
    UnderwritingAutoRuleUpdated,
    UnderwritingAutoRuleToggled,
    UnderwritingAutoRuleTested,
    MaverickWebhookReceived,
    ApplicationSentToMaverick,
    MaverickIntegrationError,
    MaverickStatusSynced,
    MaverickStatusUpdated,
    MaverickDocumentsTransferred,
    MaverickNoteReceived,
    MaverickTicketsFetched,
    MaverickTicketViewed,
    MaverickTicketTypeMappingsFetched,
    MaverickTicketTypeMappingCreated,
    MaverickTicketTypeMappingUpdated,
    MaverickTicketTypeMappingDeleted,
    SystemWarningMaverickUnmappedTickets,
    ZenApiLeadCreated,
    ZenApiLeadBatchSubmitted,
    ZenApiApplicationSubmitted,
    ZenApiApplicationUpdated,
    ZenApiDocumentsTransferred,
    ZenApiStatusChange,
    NoEventName,
    VanityDomainRequested,
    VanityDomainValidated,
    VanityDomainActivated,
    VanityDomainDeleted,
    MidCreated,
    MidUpdated,
    MidDeleted,
    MidAssigned,
    MidActivated,
    MidSuspended,
    TicketTypeCreated,
    TicketTypeUpdated,
    TicketTypeDeleted,
    TicketTypeStatusChanged,
    TicketRotationCreated,
    TicketRotationUpdated,
    TicketRotationDeleted,
    TicketRotationStatusChanged,
    TicketRotationPositionReset,
    TicketCreated,
    TicketUpdated,
    TicketDeleted,
    TicketAssigned,
    TicketStatusChanged,
    TicketCommentAdded,
    TicketSettingsUpdated,
    TicketTemplateCreated,
    TicketTemplateUpdated,
    TicketTemplateDeleted,
    TicketAutomationRuleCreated,
    TicketAutomationRuleUpdated,
    TicketAutomationRuleDeleted,
    TicketAutomationRuleTested,
    TicketEscalationRuleCreated,
    TicketEscalationRuleUpdated,
    TicketEscalationRuleDeleted,
    AccountRelationshipCreated,
    AccountRelationshipDeleted,
    Healthcheck,
    NotFound,
    MethodNotAllowed,
    CronJob,
    InvitationCreated,
    BadgeCreated,
}

/// How many of [`EventType::ALL`], from its start, are seed 002's.
const CATALOGUE_LEN: usize = 163;

/// Every type with its name, in the seed's order, the server's own last.
const NAMES: [(EventType, &str); 165] = [
    (EventType::LeadCreated, "lead_created"),
    (EventType::LeadUpdated, "lead_updated"),
    (EventType::LeadDeleted, "lead_deleted"),
    (EventType::LeadQualified, "lead_qualified"),
    (EventType::LeadDisqualified, "lead_disqualified"),
    (EventType::LeadAssigned, "lead_assigned"),
    (EventType::LeadConverted, "lead_converted"),
    (EventType::ApplicationCreated, "application_created"),
    (EventType::ApplicationUpdated, "application_updated"),
    (EventType::ApplicationDeleted, "application_deleted"),
    (EventType::ApplicationCompleted, "application_completed"),
    (EventType::ApplicationSubmitted, "application_submitted"),
    (
        EventType::ApplicationStatusChanged,
        "application_status_changed",
    ),
    (
        EventType::ApplicationSensitiveDataRevealed,
        "application_sensitive_data_revealed",
    ),
    (
        EventType::ApplicationInformationRequested,
        "application_information_requested",
    ),
    (EventType::UserCreated, "user_created"),
    (EventType::UserUpdated, "user_updated"),
    (EventType::UserDeleted, "user_deleted"),
    (EventType::UserLoggedIn, "user_logged_in"),
    (EventType::UserLoggedOut, "user_logged_out"),
    (EventType::UserPasswordChanged, "user_password_changed"),
    (
        EventType::UserPasswordResetRequested,
        "user_password_reset_requested",
    ),
    (EventType::AccountCreated, "account_created"),
    (EventType::AccountUpdated, "account_updated"),
    (EventType::AccountDeleted, "account_deleted"),
    (EventType::InvoiceCreated, "invoice_created"),
    (EventType::PaymentReceived, "payment_received"),
    (EventType::PaymentFailed, "payment_failed"),
    (EventType::RefundIssued, "refund_issued"),
    (
        EventType::EventRequestBodyRevealed,
        "event_request_body_revealed",
    ),
    (
        EventType::EventResponseBodyRevealed,
        "event_response_body_revealed",
    ),
    (EventType::SystemError, "system_error"),
    (EventType::QuotaExceeded, "quota_exceeded"),
    (EventType::ApiRateLimited, "api_rate_limited"),
    (EventType::ApiKeyCreated, "api_key_created"),
    (EventType::ApiKeyUpdated, "api_key_updated"),
    (EventType::ApiKeyDeleted, "api_key_deleted"),
    (EventType::LeadRotationCreated, "lead_rotation_created"),
    (EventType::LeadRotationUpdated, "lead_rotation_updated"),
    (EventType::LeadRotationDeleted, "lead_rotation_deleted"),
    (EventType::TeamCreated, "team_created"),
    (EventType::TeamUpdated, "team_updated"),
    (EventType::TeamDeleted, "team_deleted"),
    (EventType::TeamActivated, "team_activated"),
    (EventType::TeamDeactivated, "team_deactivated"),
    (EventType::AdminForceSetPassword, "admin_force_set_password"),
    (
        EventType::AdminSendPasskeyRegistration,
        "admin_send_passkey_registration",
    ),
    (
        EventType::PasskeyRegistrationTokenValidated,
        "passkey_registration_token_validated",
    ),
    (
        EventType::PasskeyRegistrationOptionsGenerated,
        "passkey_registration_options_generated",
    ),
    (EventType::PasskeyRegistered, "passkey_registered"),
    (
        EventType::PasskeyAuthenticationOptionsGenerated,
        "passkey_authentication_options_generated",
    ),
    (EventType::PasskeyAuthenticated, "passkey_authenticated"),
    (EventType::PasskeyListViewed, "passkey_list_viewed"),
    (EventType::PasskeyRenamed, "passkey_renamed"),
    (EventType::PasskeyDeleted, "passkey_deleted"),
    (EventType::RoleCreated, "role_created"),
    (EventType::RoleDeleted, "role_deleted"),
    (
        EventType::RolePermissionsUpdated,
        "role_permissions_updated",
    ),
    (
        EventType::FileUploadUrlRequested,
        "file_upload_url_requested",
    ),
    (EventType::FileUploaded, "file_uploaded"),
    (EventType::FileDeleted, "file_deleted"),
    (EventType::FileRequested, "file_requested"),
    (EventType::FileMetaDataUpdated, "file_meta_data_updated"),
    (EventType::NoteCreated, "note_created"),
    (EventType::NoteDeleted, "note_deleted"),
    (EventType::NoteUpdated, "note_updated"),
    (EventType::AccountTypeCreated, "account_type_created"),
    (EventType::AccountTypeDeleted, "account_type_deleted"),
    (EventType::AccountTypeUpdated, "account_type_updated"),
    (EventType::UserImpersonated, "user_impersonated"),
    (EventType::LeadSourceCreated, "lead_source_created"),
    (EventType::LeadSourceUpdated, "lead_source_updated"),
    (EventType::LeadSourceDeleted, "lead_source_deleted"),
    (EventType::LeadSourceActivated, "lead_source_activated"),
    (EventType::LeadSourceDeactivated, "lead_source_deactivated"),
    (
        EventType::UserPermissionsSetDirectly,
        "user_permissions_set_directly",
    ),
    (EventType::UserRolesUpdated, "user_roles_updated"),
    (
        EventType::AccountPermissionsUpdated,
        "account_permissions_updated",
    ),
    (EventType::LeadArchived, "lead_archived"),
    (EventType::LeadUnarchived, "lead_unarchived"),
    (EventType::UserAddedToAccount, "user_added_to_account"),
    (
        EventType::UserRemovedFromAccount,
        "user_removed_from_account",
    ),
    (
        EventType::UserAccountSettingsUpdated,
        "user_account_settings_updated",
    ),
    (EventType::WebhookCreated, "webhook_created"),
    (EventType::WebhookUpdated, "webhook_updated"),
    (EventType::WebhookDeleted, "webhook_deleted"),
    (EventType::WebhookDeliveryFailed, "webhook_delivery_failed"),
    (EventType::WebhookTest, "webhook_test"),
    (EventType::MerchantCreated, "merchant_created"),
    (EventType::MerchantUpdated, "merchant_updated"),
    (EventType::MerchantDeleted, "merchant_deleted"),
    (
        EventType::UnderwritingApplicationAssigned,
        "underwriting_application_assigned",
    ),
    (
        EventType::UnderwritingApplicationPriorityChanged,
        "underwriting_application_priority_changed",
    ),
    (
        EventType::UnderwritingDecisionMade,
        "underwriting_decision_made",
    ),
    (EventType::UnderwritingNoteAdded, "underwriting_note_added"),
    (
        EventType::UnderwritingRiskAssessmentGenerated,
        "underwriting_risk_assessment_generated",
    ),
    (
        EventType::UnderwritingAutoRuleCreated,
        "underwriting_auto_rule_created",
    ),
    (
        EventType::UnderwritingAutoRuleUpdated,
        "underwriting_auto_rule_updated",
    ),
    (
        EventType::UnderwritingAutoRuleToggled,
        "underwriting_auto_rule_toggled",
    ),
    (
        EventType::UnderwritingAutoRuleTested,
        "underwriting_auto_rule_tested",
    ),
    (
        EventType::MaverickWebhookReceived,
        "maverick_webhook_received",
    ),
    (
        EventType::ApplicationSentToMaverick,
        "application_sent_to_maverick",
    ),
    (
        EventType::MaverickIntegrationError,
        "maverick_integration_error",
    ),
    (EventType::MaverickStatusSynced, "maverick_status_synced"),
    (EventType::MaverickStatusUpdated, "maverick_status_updated"),
    (
        EventType::MaverickDocumentsTransferred,
        "maverick_documents_transferred",
    ),
    (EventType::MaverickNoteReceived, "maverick_note_received"),
    (
        EventType::MaverickTicketsFetched,
        "maverick_tickets_fetched",
    ),
    (EventType::MaverickTicketViewed, "maverick_ticket_viewed"),
    (
        EventType::MaverickTicketTypeMappingsFetched,
        "maverick_ticket_type_mappings_fetched",
    ),
    (
        EventType::MaverickTicketTypeMappingCreated,
        "maverick_ticket_type_mapping_created",
    ),
    (
        EventType::MaverickTicketTypeMappingUpdated,
        "maverick_ticket_type_mapping_updated",
    ),
    (
        EventType::MaverickTicketTypeMappingDeleted,
        "maverick_ticket_type_mapping_deleted",
    ),
    (
        EventType::SystemWarningMaverickUnmappedTickets,
        "system_warning_maverick_unmapped_tickets",
    ),
    (EventType::ZenApiLeadCreated, "zen_api_lead_created"),
    (
        EventType::ZenApiLeadBatchSubmitted,
        "zen_api_lead_batch_submitted",
    ),
    (
        EventType::ZenApiApplicationSubmitted,
        "zen_api_application_submitted",
    ),
    (
        EventType::ZenApiApplicationUpdated,
        "zen_api_application_updated",
    ),
    (
        EventType::ZenApiDocumentsTransferred,
        "zen_api_documents_transferred",
    ),
    (EventType::ZenApiStatusChange, "zen_api_status_change"),
    (EventType::NoEventName, "no_event_name"),
    (EventType::VanityDomainRequested, "vanity_domain_requested"),
    (EventType::VanityDomainValidated, "vanity_domain_validated"),
    (EventType::VanityDomainActivated, "vanity_domain_activated"),
    (EventType::VanityDomainDeleted, "vanity_domain_deleted"),
    (EventType::MidCreated, "mid_created"),
    (EventType::MidUpdated, "mid_updated"),
    (EventType::MidDeleted, "mid_deleted"),
    (EventType::MidAssigned, "mid_assigned"),
    (EventType::MidActivated, "mid_activated"),
    (EventType::MidSuspended, "mid_suspended"),
    (EventType::TicketTypeCreated, "ticket_type_created"),
    (EventType::TicketTypeUpdated, "ticket_type_updated"),
    (EventType::TicketTypeDeleted, "ticket_type_deleted"),
    (
        EventType::TicketTypeStatusChanged,
        "ticket_type_status_changed",
    ),
    (EventType::TicketRotationCreated, "ticket_rotation_created"),
    (EventType::TicketRotationUpdated, "ticket_rotation_updated"),
    (EventType::TicketRotationDeleted, "ticket_rotation_deleted"),
    (
        EventType::TicketRotationStatusChanged,
        "ticket_rotation_status_changed",
    ),
    (
        EventType::TicketRotationPositionReset,
        "ticket_rotation_position_reset",
    ),
    (EventType::TicketCreated, "ticket_created"),
    (EventType::TicketUpdated, "ticket_updated"),
    (EventType::TicketDeleted, "ticket_deleted"),
    (EventType::TicketAssigned, "ticket_assigned"),
    (EventType::TicketStatusChanged, "ticket_status_changed"),
    (EventType::TicketCommentAdded, "ticket_comment_added"),
    (EventType::TicketSettingsUpdated, "ticket_settings_updated"),
    (EventType::TicketTemplateCreated, "ticket_template_created"),
    (EventType::TicketTemplateUpdated, "ticket_template_updated"),
    (EventType::TicketTemplateDeleted, "ticket_template_deleted"),
    (
        EventType::TicketAutomationRuleCreated,
        "ticket_automation_rule_created",
    ),
    (
        EventType::TicketAutomationRuleUpdated,
        "ticket_automation_rule_updated",
    ),
    (
        EventType::TicketAutomationRuleDeleted,
        "ticket_automation_rule_deleted",
    ),
    (
        EventType::TicketAutomationRuleTested,
        "ticket_automation_rule_tested",
    ),
    (
        EventType::TicketEscalationRuleCreated,
        "ticket_escalation_rule_created",
    ),
    (
        EventType::TicketEscalationRuleUpdated,
        "ticket_escalation_rule_updated",
    ),
    (
        EventType::TicketEscalationRuleDeleted,
        "ticket_escalation_rule_deleted",
    ),
    (
        EventType::AccountRelationshipCreated,
        "account_relationship_created",
    ),
    (
        EventType::AccountRelationshipDeleted,
        "account_relationship_deleted",
    ),
    (EventType::Healthcheck, "healthcheck"),
    (EventType::NotFound, "not_found"),
    (EventType::MethodNotAllowed, "method_not_allowed"),
    (EventType::CronJob, "cron_job"),
    (EventType::InvitationCreated, "invitation_created"),
    (EventType::BadgeCreated, "badge_created"),
];

impl EventType {
    /// Its name on the wire and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(each, _)| *each == self)
            .map_or("no_event_name", |(_, name)| name)
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, each)| *each == name)
            .map(|(each, _)| *each)
    }

    /// Every type.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(each, _)| *each)
    }

    /// Whether seed 002 names it: what a notification preference may be about.
    #[must_use]
    pub fn in_catalogue(self) -> bool {
        NAMES
            .iter()
            .take(CATALOGUE_LEN)
            .any(|(each, _)| *each == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_own_name() {
        for event in EventType::all() {
            assert_eq!(EventType::parse(event.name()), Some(event));
        }
        assert_eq!(
            EventType::all()
                .filter(|event| event.in_catalogue())
                .count(),
            163
        );
        assert_eq!(
            EventType::parse("user_created"),
            Some(EventType::UserCreated)
        );
        assert_eq!(EventType::parse("USER_CREATED"), None);
    }
}
