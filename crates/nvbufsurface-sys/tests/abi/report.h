/* Prints what the C compiler makes of the mirrors, one "kind name value" line each. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SIZE(type) printf("size %s %zu\n", #type, sizeof(type))
#define OFFSET(type, field) printf("offset %s.%s %zu\n", #type, #field, offsetof(type, field))
#define CONSTANT(name) printf("constant %s %lld\n", #name, (long long)(name))

#endif
