//! Members, roles and grants over `/v1`, and the catalogue of permissions.

mod calls;
mod catalogue;
mod employers;
mod grants;
mod last_admin;
mod members;
mod roles;
