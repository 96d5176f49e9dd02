//! Nothing: the tests of the whole server stand in `tests/it`. They know the program only from outside, by its
//! command line, its ports and its processes.
