//! Members, roles and grants over `/v1`, and the catalogue of permissions.

mod catalogue;
mod grants;
mod members;
mod roles;
