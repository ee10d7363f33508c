//! The things the directory keeps, and the values they are made of.

mod account;
mod badge;
mod email;
mod group;
mod invitation;
mod job;
mod phone;
mod preference;
mod record;
mod role;
mod text;
mod user;

pub use account::{Account, AccountRole, Member, Membership};
pub use badge::{Badge, UserBadge};
pub use email::Email;
pub use group::{
    Group, GroupInvitation, GroupMember, GroupMembership, GroupPermission, GroupProfile, slug_from,
};
pub use invitation::{
    Invitation, InvitationEnd, InvitationKind, InvitationState, MessageChannel, SentMessage,
};
pub use job::{Job, JobTransition, Place, StoredJob};
pub use phone::Phone;
pub use preference::{DeliveryChannel, NotificationPreference};
pub use record::{Record, RecordKind};
pub use role::{GrantedRole, Role};
pub use text::{MAX_TEXT, check_text, fold, is_name_token};
pub use user::{
    DrugTest, EmployerRole, OnboardingState, User, UserKind, UserStatus, UserView, W2Status,
};
