//! The catalogue of events: the 163 names of seed 002, and the server's own where those have none.
//! Each has its group, who causes it, and a line on what happened.

mod caused;
mod sales;
mod service;

/// What can happen. The first 163 are seed 002's, in its order; the server's own come after.
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
    InvitationAccepted,
    InvitationRevoked,
    InvitationExpired,
    FormUpdated,
    PasskeyRefused,
    WebhookDisabled,
    MessageFailed,
    UserSuspended,
    UserReinstated,
    JobStateChanged,
    UserErased,
    UserSignUpRepeated,
    RedirectAdded,
    RedirectRemoved,
}

/// How many types, from the first, are seed 002's.
const SEED_LEN: usize = 163;

/// What an event is about: the order that a reader would look for it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventGroup {
    User,
    Account,
    Team,
    Role,
    Key,
    Passkey,
    Invitation,
    Badge,
    Form,
    Job,
    Message,
    Webhook,
    System,
    Lead,
    Application,
    Underwriting,
    Merchant,
    Mid,
    Payment,
    File,
    Note,
    Ticket,
    Domain,
    Maverick,
    ZenApi,
}

impl EventGroup {
    /// Every group.
    pub const ALL: [Self; 25] = [
        Self::User,
        Self::Account,
        Self::Team,
        Self::Role,
        Self::Key,
        Self::Passkey,
        Self::Invitation,
        Self::Badge,
        Self::Form,
        Self::Job,
        Self::Message,
        Self::Webhook,
        Self::System,
        Self::Lead,
        Self::Application,
        Self::Underwriting,
        Self::Merchant,
        Self::Mid,
        Self::Payment,
        Self::File,
        Self::Note,
        Self::Ticket,
        Self::Domain,
        Self::Maverick,
        Self::ZenApi,
    ];

    /// Its published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
            Self::Team => "team",
            Self::Role => "role",
            Self::Key => "key",
            Self::Passkey => "passkey",
            Self::Invitation => "invitation",
            Self::Badge => "badge",
            Self::Form => "form",
            Self::Job => "job",
            Self::Message => "message",
            Self::Webhook => "webhook",
            Self::System => "system",
            Self::Lead => "lead",
            Self::Application => "application",
            Self::Underwriting => "underwriting",
            Self::Merchant => "merchant",
            Self::Mid => "mid",
            Self::Payment => "payment",
            Self::File => "file",
            Self::Note => "note",
            Self::Ticket => "ticket",
            Self::Domain => "domain",
            Self::Maverick => "maverick",
            Self::ZenApi => "zen_api",
        }
    }
}

/// Who causes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The server itself.
    Server,
    /// One of the operator's other systems, which tells the server.
    Reported,
}

impl Origin {
    /// Its published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Reported => "reported",
        }
    }
}

/// What the catalogue says of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which type.
    pub event_type: EventType,
    /// Its name on the wire and in the log.
    pub name: &'static str,
    /// What it is about.
    pub group: EventGroup,
    /// Who causes it.
    pub origin: Origin,
    /// What happened, in a sentence of at most 90 characters.
    pub description: &'static str,
}

/// A type, its name and its description.
type Row = (EventType, &'static str, &'static str);

/// The entries of one group and origin.
struct Section {
    group: EventGroup,
    origin: Origin,
    rows: &'static [Row],
}

impl Section {
    fn entry(&self, row: &Row) -> Entry {
        let (event_type, name, description) = *row;
        Entry {
            event_type,
            name,
            group: self.group,
            origin: self.origin,
            description,
        }
    }
}

/// Every entry: what the server causes, then what is reported to it.
pub fn entries() -> impl Iterator<Item = Entry> {
    let reported = sales::SECTIONS.iter().chain(&service::SECTIONS);
    let sections = caused::SECTIONS.iter().chain(reported);
    sections.flat_map(|section| section.rows.iter().map(|row| section.entry(row)))
}

impl EventType {
    /// What the catalogue says of it.
    #[must_use]
    pub fn entry(self) -> Entry {
        let own = entries().find(|each| each.event_type == self);
        // Every type has an entry: a test holds it.
        own.unwrap_or(Entry {
            event_type: self,
            name: "no_event_name",
            group: EventGroup::System,
            origin: Origin::Server,
            description: "",
        })
    }

    /// Its name on the wire and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let named = entries().find(|each| each.name == name);
        named.map(|each| each.event_type)
    }

    /// Every type, as [`entries`] orders them.
    pub fn all() -> impl Iterator<Item = Self> {
        entries().map(|each| each.event_type)
    }

    /// Whether seed 002 names it: what a notification preference may be about.
    #[must_use]
    pub fn in_catalogue(self) -> bool {
        (self as usize) < SEED_LEN
    }
}

#[cfg(test)]
mod tests;
