//! botserver-basic-vm
