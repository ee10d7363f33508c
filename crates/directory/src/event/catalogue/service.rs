//! What is reported of tickets, papers and other systems.

use super::{EventGroup, EventType as E, Origin, Section};

pub(super) static SECTIONS: [Section; 7] = [
    Section {
        group: EventGroup::File,
        origin: Origin::Reported,
        rows: &[
            (
                E::FileUploadUrlRequested,
                "file_upload_url_requested",
                "An address to upload a file to was asked for.",
            ),
            (E::FileUploaded, "file_uploaded", "A file was uploaded."),
            (E::FileDeleted, "file_deleted", "A file was deleted."),
            (E::FileRequested, "file_requested", "A file was asked for."),
            (
                E::FileMetaDataUpdated,
                "file_meta_data_updated",
                "What is noted about a file changed.",
            ),
        ],
    },
    Section {
        group: EventGroup::Note,
        origin: Origin::Reported,
        rows: &[
            (E::NoteCreated, "note_created", "A note was written."),
            (E::NoteUpdated, "note_updated", "A note was changed."),
            (E::NoteDeleted, "note_deleted", "A note was deleted."),
        ],
    },
    Section {
        group: EventGroup::Ticket,
        origin: Origin::Reported,
        rows: &[
            (E::TicketCreated, "ticket_created", "A ticket was opened."),
            (
                E::TicketUpdated,
                "ticket_updated",
                "Fields of a ticket changed.",
            ),
            (E::TicketDeleted, "ticket_deleted", "A ticket was deleted."),
            (
                E::TicketAssigned,
                "ticket_assigned",
                "A ticket was given to somebody to work on.",
            ),
            (
                E::TicketStatusChanged,
                "ticket_status_changed",
                "A ticket came into another status.",
            ),
            (
                E::TicketCommentAdded,
                "ticket_comment_added",
                "Somebody commented on a ticket.",
            ),
            (
                E::TicketSettingsUpdated,
                "ticket_settings_updated",
                "The settings of tickets changed.",
            ),
            (
                E::TicketTypeCreated,
                "ticket_type_created",
                "A type of ticket was made.",
            ),
            (
                E::TicketTypeUpdated,
                "ticket_type_updated",
                "A type of ticket was changed.",
            ),
            (
                E::TicketTypeDeleted,
                "ticket_type_deleted",
                "A type of ticket was deleted.",
            ),
            (
                E::TicketTypeStatusChanged,
                "ticket_type_status_changed",
                "A type of ticket was switched on or off.",
            ),
            (
                E::TicketRotationCreated,
                "ticket_rotation_created",
                "A rotation that hands out tickets was made.",
            ),
            (
                E::TicketRotationUpdated,
                "ticket_rotation_updated",
                "A rotation that hands out tickets was changed.",
            ),
            (
                E::TicketRotationDeleted,
                "ticket_rotation_deleted",
                "A rotation that hands out tickets was deleted.",
            ),
            (
                E::TicketRotationStatusChanged,
                "ticket_rotation_status_changed",
                "A rotation that hands out tickets was switched on or off.",
            ),
            (
                E::TicketRotationPositionReset,
                "ticket_rotation_position_reset",
                "A rotation that hands out tickets began from its first again.",
            ),
            (
                E::TicketTemplateCreated,
                "ticket_template_created",
                "A template for tickets was made.",
            ),
            (
                E::TicketTemplateUpdated,
                "ticket_template_updated",
                "A template for tickets was changed.",
            ),
            (
                E::TicketTemplateDeleted,
                "ticket_template_deleted",
                "A template for tickets was deleted.",
            ),
            (
                E::TicketAutomationRuleCreated,
                "ticket_automation_rule_created",
                "A rule that acts on tickets by itself was made.",
            ),
            (
                E::TicketAutomationRuleUpdated,
                "ticket_automation_rule_updated",
                "A rule that acts on tickets by itself was changed.",
            ),
            (
                E::TicketAutomationRuleDeleted,
                "ticket_automation_rule_deleted",
                "A rule that acts on tickets by itself was deleted.",
            ),
            (
                E::TicketAutomationRuleTested,
                "ticket_automation_rule_tested",
                "A rule that acts on tickets by itself was tried out.",
            ),
            (
                E::TicketEscalationRuleCreated,
                "ticket_escalation_rule_created",
                "A rule that escalates tickets was made.",
            ),
            (
                E::TicketEscalationRuleUpdated,
                "ticket_escalation_rule_updated",
                "A rule that escalates tickets was changed.",
            ),
            (
                E::TicketEscalationRuleDeleted,
                "ticket_escalation_rule_deleted",
                "A rule that escalates tickets was deleted.",
            ),
        ],
    },
    Section {
        group: EventGroup::Domain,
        origin: Origin::Reported,
        rows: &[
            (
                E::VanityDomainRequested,
                "vanity_domain_requested",
                "A domain of the customer's own was asked for.",
            ),
            (
                E::VanityDomainValidated,
                "vanity_domain_validated",
                "A domain was shown to be the customer's own.",
            ),
            (
                E::VanityDomainActivated,
                "vanity_domain_activated",
                "A domain of the customer's own came into use.",
            ),
            (
                E::VanityDomainDeleted,
                "vanity_domain_deleted",
                "A domain of the customer's own was deleted.",
            ),
        ],
    },
    Section {
        group: EventGroup::Maverick,
        origin: Origin::Reported,
        rows: &[
            (
                E::MaverickWebhookReceived,
                "maverick_webhook_received",
                "The processor Maverick sent a webhook.",
            ),
            (
                E::ApplicationSentToMaverick,
                "application_sent_to_maverick",
                "An application was passed on to Maverick.",
            ),
            (
                E::MaverickIntegrationError,
                "maverick_integration_error",
                "The exchange with Maverick failed.",
            ),
            (
                E::MaverickStatusSynced,
                "maverick_status_synced",
                "An application's status was compared with Maverick's.",
            ),
            (
                E::MaverickStatusUpdated,
                "maverick_status_updated",
                "Maverick gave an application another status.",
            ),
            (
                E::MaverickDocumentsTransferred,
                "maverick_documents_transferred",
                "Documents were passed on to Maverick.",
            ),
            (
                E::MaverickNoteReceived,
                "maverick_note_received",
                "Maverick sent a note.",
            ),
            (
                E::MaverickTicketsFetched,
                "maverick_tickets_fetched",
                "Tickets were fetched from Maverick.",
            ),
            (
                E::MaverickTicketViewed,
                "maverick_ticket_viewed",
                "Somebody looked at a ticket of Maverick's.",
            ),
            (
                E::MaverickTicketTypeMappingsFetched,
                "maverick_ticket_type_mappings_fetched",
                "The mappings of Maverick's ticket types were read.",
            ),
            (
                E::MaverickTicketTypeMappingCreated,
                "maverick_ticket_type_mapping_created",
                "A mapping of a ticket type of Maverick's was made.",
            ),
            (
                E::MaverickTicketTypeMappingUpdated,
                "maverick_ticket_type_mapping_updated",
                "A mapping of a ticket type of Maverick's was changed.",
            ),
            (
                E::MaverickTicketTypeMappingDeleted,
                "maverick_ticket_type_mapping_deleted",
                "A mapping of a ticket type of Maverick's was deleted.",
            ),
            (
                E::SystemWarningMaverickUnmappedTickets,
                "system_warning_maverick_unmapped_tickets",
                "Tickets of Maverick's have a type that maps to none.",
            ),
        ],
    },
    Section {
        group: EventGroup::ZenApi,
        origin: Origin::Reported,
        rows: &[
            (
                E::ZenApiLeadCreated,
                "zen_api_lead_created",
                "A lead was made through the Zen API.",
            ),
            (
                E::ZenApiLeadBatchSubmitted,
                "zen_api_lead_batch_submitted",
                "Many leads were sent through the Zen API at once.",
            ),
            (
                E::ZenApiApplicationSubmitted,
                "zen_api_application_submitted",
                "An application was handed in through the Zen API.",
            ),
            (
                E::ZenApiApplicationUpdated,
                "zen_api_application_updated",
                "An application was changed through the Zen API.",
            ),
            (
                E::ZenApiDocumentsTransferred,
                "zen_api_documents_transferred",
                "Documents were passed on through the Zen API.",
            ),
            (
                E::ZenApiStatusChange,
                "zen_api_status_change",
                "A status changed that the Zen API tells of.",
            ),
        ],
    },
    Section {
        group: EventGroup::System,
        origin: Origin::Reported,
        rows: &[
            (
                E::EventRequestBodyRevealed,
                "event_request_body_revealed",
                "Somebody looked at the body of a recorded request.",
            ),
            (
                E::EventResponseBodyRevealed,
                "event_response_body_revealed",
                "Somebody looked at the body of a recorded answer.",
            ),
            (
                E::Healthcheck,
                "healthcheck",
                "A system was asked whether it is well.",
            ),
            (
                E::NotFound,
                "not_found",
                "A request named nothing that there is.",
            ),
            (
                E::MethodNotAllowed,
                "method_not_allowed",
                "A request used a method that its path does not take.",
            ),
            (
                E::NoEventName,
                "no_event_name",
                "Something happened that has no name of its own.",
            ),
        ],
    },
];
