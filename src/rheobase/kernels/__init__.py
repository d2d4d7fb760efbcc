"""From a program to code: elementary functions, tails, and the emitter all backends share."""
