//! What a user may do: roles, permissions, their part in an account, their sessions and passwords.

use directory::members::{self, MemberChange};
use directory::permission::{Permission, PermissionSet};
use directory::sessions::{self, Client, Method};
use directory::store::Tx;
use directory::users::UserChange;
use directory::violation::Violations;
use directory::{Actor, Directory, Principal, TenantId, grants, password_resets, passwords, roles};
use secrecy::ExposeSecret as _;

use super::{Scenario, person, set};

async fn who_is(directory: &Directory, started: sessions::Started) -> Actor {
    let token = started.token.expose_secret().to_owned().into();
    let credential = directory::keys::Credential::Bearer(token);
    directory.authenticate(&credential).await.unwrap()
}

impl Scenario {
    pub(super) async fn have_rights(&self, key: &Actor) {
        let operator = Actor::system(TenantId(1), "command line");
        let change = UserChange {
            first_name: set("Mary"),
            ..person("mary@example.com")
        };
        let user = self.create(key, change).await;
        self.define_a_role(&operator).await;
        let allow = move |tx: &Tx<'_>, actor: &Actor| {
            let read = PermissionSet::of(&[Permission::ReadUsers]);
            grants::set_permissions(tx, actor, user, None, read, Violations::new())
        };
        self.write(&operator, allow).await;
        let give = move |tx: &Tx<'_>, actor: &Actor| {
            let names = ["manager".to_owned()];
            grants::set_roles(tx, actor, user, None, &names, Violations::new())
        };
        self.write(&operator, give).await;
        self.come_and_go(&operator, user).await;
        let account = key.account.unwrap();
        let lead = move |tx: &Tx<'_>, actor: &Actor| {
            let change = MemberChange {
                admin: Some(true),
                ..MemberChange::default()
            };
            members::change(tx, actor, account, user, change, Violations::new())
        };
        self.write(&operator, lead).await;
        let second = self.create(key, person("joan@example.com")).await;
        let remove = move |tx: &Tx<'_>, actor: &Actor| members::remove(tx, actor, account, second);
        self.write(&operator, remove).await;
    }

    async fn define_a_role(&self, operator: &Actor) {
        let create = |tx: &Tx<'_>, actor: &Actor| {
            let read = PermissionSet::of(&[Permission::ReadUsers]);
            roles::create(tx, actor, "auditor", read, Violations::new())
        };
        let role = self.write(operator, create).await.id;
        let widen = move |tx: &Tx<'_>, actor: &Actor| {
            let more = PermissionSet::of(&[Permission::ReadUsers, Permission::ReadEvents]);
            roles::update(tx, actor, role, None, Some(more), Violations::new())
        };
        self.write(operator, widen).await;
        let delete = move |tx: &Tx<'_>, actor: &Actor| roles::delete(tx, actor, role, None);
        self.write(operator, delete).await;
    }

    /// A session and its end, somebody else in their place, and a password that others set.
    async fn come_and_go(&self, operator: &Actor, user: i64) {
        let enter = move |tx: &Tx<'_>, actor: &Actor| {
            let (client, tenant) = (Client::default(), actor.tenant);
            sessions::start(
                tx,
                tenant,
                user,
                Method::Passkey,
                &client,
                &actor.request_id,
            )
        };
        let started = self.write(operator, enter).await;
        let session = who_is(&self.directory, started).await;
        assert_eq!(session.principal, Principal::User(user));
        let leave = |tx: &Tx<'_>, actor: &Actor| sessions::log_out(tx, actor);
        self.write(&session, leave).await;
        let act = move |tx: &Tx<'_>, actor: &Actor| {
            let (client, none) = (Client::default(), Violations::new());
            sessions::impersonate(tx, actor, user, "A call for help", &client, none)
        };
        self.write(operator, act).await;
        let ask = move |tx: &Tx<'_>, actor: &Actor| password_resets::send(tx, actor, user);
        self.write(operator, ask).await;
        let password = Some("tide plank ferry orbit".to_owned().into());
        let none = Violations::new();
        let hash = self.directory.hash_password(password, &none).await;
        let hash = hash.unwrap().unwrap();
        let force =
            move |tx: &Tx<'_>, actor: &Actor| passwords::force(tx, actor, user, &hash, true);
        self.write(operator, force).await;
    }
}
