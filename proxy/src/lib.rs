//! The only room that opens sockets: a room per channel, TLS, identity, applications, reload.
