#pragma once

// Gives up whatever this process could do besides reading what it was given: 0, or a negated error number with the step.
// - seconds: Of the processor, in all.
int confine(int seconds, const char **step);
