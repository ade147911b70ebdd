/* A library without contents: stands in for libcuda.so.1 on a machine without a driver. */
typedef int nothing;
