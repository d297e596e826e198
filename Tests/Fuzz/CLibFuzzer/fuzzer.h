#pragma once

#include <stddef.h>
#include <stdint.h>

// What compiler-rt's libFuzzer offers a program that has a main of its own (FuzzerInterface.h of LLVM).
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*one_input)(const uint8_t *start, size_t count));
