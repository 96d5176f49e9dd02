//! botserver-ui-tree
