//! What is reported of winning and serving merchants.

use super::{EventGroup, EventType as E, Origin, Section};

pub(super) static SECTIONS: [Section; 7] = [
    Section {
        group: EventGroup::Lead,
        origin: Origin::Reported,
        rows: &[
            (E::LeadCreated, "lead_created", "A lead was entered."),
            (E::LeadUpdated, "lead_updated", "Fields of a lead changed."),
            (E::LeadDeleted, "lead_deleted", "A lead was deleted."),
            (
                E::LeadQualified,
                "lead_qualified",
                "A lead was found worth following up.",
            ),
            (
                E::LeadDisqualified,
                "lead_disqualified",
                "A lead was found not worth following up.",
            ),
            (
                E::LeadAssigned,
                "lead_assigned",
                "A lead was given to somebody to work on.",
            ),
            (
                E::LeadConverted,
                "lead_converted",
                "A lead became a customer or an application.",
            ),
            (
                E::LeadArchived,
                "lead_archived",
                "A lead was put into the archive.",
            ),
            (
                E::LeadUnarchived,
                "lead_unarchived",
                "A lead was taken out of the archive.",
            ),
            (
                E::LeadRotationCreated,
                "lead_rotation_created",
                "A rotation that hands out leads was made.",
            ),
            (
                E::LeadRotationUpdated,
                "lead_rotation_updated",
                "A rotation that hands out leads was changed.",
            ),
            (
                E::LeadRotationDeleted,
                "lead_rotation_deleted",
                "A rotation that hands out leads was deleted.",
            ),
            (
                E::LeadSourceCreated,
                "lead_source_created",
                "A source of leads was made.",
            ),
            (
                E::LeadSourceUpdated,
                "lead_source_updated",
                "A source of leads was changed.",
            ),
            (
                E::LeadSourceDeleted,
                "lead_source_deleted",
                "A source of leads was deleted.",
            ),
            (
                E::LeadSourceActivated,
                "lead_source_activated",
                "A source of leads was switched on.",
            ),
            (
                E::LeadSourceDeactivated,
                "lead_source_deactivated",
                "A source of leads was switched off.",
            ),
        ],
    },
    Section {
        group: EventGroup::Application,
        origin: Origin::Reported,
        rows: &[
            (
                E::ApplicationCreated,
                "application_created",
                "A merchant's application was begun.",
            ),
            (
                E::ApplicationUpdated,
                "application_updated",
                "Fields of an application changed.",
            ),
            (
                E::ApplicationDeleted,
                "application_deleted",
                "An application was deleted.",
            ),
            (
                E::ApplicationCompleted,
                "application_completed",
                "Every part of an application was filled in.",
            ),
            (
                E::ApplicationSubmitted,
                "application_submitted",
                "An application was handed in.",
            ),
            (
                E::ApplicationStatusChanged,
                "application_status_changed",
                "An application came into another status.",
            ),
            (
                E::ApplicationSensitiveDataRevealed,
                "application_sensitive_data_revealed",
                "Somebody looked at an application's protected data.",
            ),
            (
                E::ApplicationInformationRequested,
                "application_information_requested",
                "An applicant was asked for more information.",
            ),
        ],
    },
    Section {
        group: EventGroup::Underwriting,
        origin: Origin::Reported,
        rows: &[
            (
                E::UnderwritingApplicationAssigned,
                "underwriting_application_assigned",
                "An application was given to an underwriter.",
            ),
            (
                E::UnderwritingApplicationPriorityChanged,
                "underwriting_application_priority_changed",
                "An application moved in the underwriters' queue.",
            ),
            (
                E::UnderwritingDecisionMade,
                "underwriting_decision_made",
                "An underwriter decided on an application.",
            ),
            (
                E::UnderwritingNoteAdded,
                "underwriting_note_added",
                "An underwriter wrote a note on an application.",
            ),
            (
                E::UnderwritingRiskAssessmentGenerated,
                "underwriting_risk_assessment_generated",
                "The risk of an application was assessed.",
            ),
            (
                E::UnderwritingAutoRuleCreated,
                "underwriting_auto_rule_created",
                "A rule that decides on applications by itself was made.",
            ),
            (
                E::UnderwritingAutoRuleUpdated,
                "underwriting_auto_rule_updated",
                "A rule that decides on applications by itself was changed.",
            ),
            (
                E::UnderwritingAutoRuleToggled,
                "underwriting_auto_rule_toggled",
                "A rule that decides on applications was switched on or off.",
            ),
            (
                E::UnderwritingAutoRuleTested,
                "underwriting_auto_rule_tested",
                "A rule that decides on applications by itself was tried out.",
            ),
        ],
    },
    Section {
        group: EventGroup::Merchant,
        origin: Origin::Reported,
        rows: &[
            (
                E::MerchantCreated,
                "merchant_created",
                "A merchant was made.",
            ),
            (
                E::MerchantUpdated,
                "merchant_updated",
                "Fields of a merchant changed.",
            ),
            (
                E::MerchantDeleted,
                "merchant_deleted",
                "A merchant was deleted.",
            ),
        ],
    },
    Section {
        group: EventGroup::Mid,
        origin: Origin::Reported,
        rows: &[
            (
                E::MidCreated,
                "mid_created",
                "A merchant id (MID) was made.",
            ),
            (
                E::MidUpdated,
                "mid_updated",
                "Fields of a merchant id changed.",
            ),
            (E::MidDeleted, "mid_deleted", "A merchant id was deleted."),
            (
                E::MidAssigned,
                "mid_assigned",
                "A merchant id was given to a merchant.",
            ),
            (
                E::MidActivated,
                "mid_activated",
                "A merchant id was switched on.",
            ),
            (
                E::MidSuspended,
                "mid_suspended",
                "A merchant id was suspended.",
            ),
        ],
    },
    Section {
        group: EventGroup::Payment,
        origin: Origin::Reported,
        rows: &[
            (
                E::InvoiceCreated,
                "invoice_created",
                "An invoice was made out.",
            ),
            (E::PaymentReceived, "payment_received", "A payment came in."),
            (
                E::PaymentFailed,
                "payment_failed",
                "A payment did not go through.",
            ),
            (
                E::RefundIssued,
                "refund_issued",
                "A payment was given back.",
            ),
        ],
    },
    Section {
        group: EventGroup::Account,
        origin: Origin::Reported,
        rows: &[
            (
                E::AccountTypeCreated,
                "account_type_created",
                "A type of account was made.",
            ),
            (
                E::AccountTypeUpdated,
                "account_type_updated",
                "A type of account was changed.",
            ),
            (
                E::AccountTypeDeleted,
                "account_type_deleted",
                "A type of account was deleted.",
            ),
            (
                E::AccountRelationshipCreated,
                "account_relationship_created",
                "Two accounts were put into relation.",
            ),
            (
                E::AccountRelationshipDeleted,
                "account_relationship_deleted",
                "The relation of two accounts was ended.",
            ),
        ],
    },
];
