mod coding;
mod io;
