//! The dialect `pulse` over HTTP.
