/* A stand-in for libcuda.so.1 with one device whose memory is that of the process. Like the driver
 * it refuses work without a current context. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, INVALID_CONTEXT = 201 };
enum { HOST = 1, DEVICE = 2 };

static __thread void *contexts[16];
static __thread int depth;

/* For tests: contexts of the calling thread, and what its next queries of a stream answer. */
int fake_depth(void) { return depth; }
static __thread int health = SUCCESS;
void fake_set_health(int code) { health = code; }

#define NEEDS_CONTEXT \
    if (depth == 0) { \
        return INVALID_CONTEXT; \
    }

int cuInit(unsigned flags) { return flags ? INVALID_VALUE : SUCCESS; }

int cuDriverGetVersion(int *version) {
    *version = 13020;
    return SUCCESS;
}

int cuDeviceGetCount(int *count) {
    *count = 1;
    return SUCCESS;
}

int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return SUCCESS;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    *value = attribute == 75 ? 9 : attribute == 16 ? 132 : 0;
    return SUCCESS;
}

int cuDeviceGetName(char *name, int size, int device) {
    snprintf(name, size, "fake %d", device);
    return SUCCESS;
}

int cuDeviceGetPCIBusId(char *text, int size, int device) {
    snprintf(text, size, "0000:%02x:00.0", device);
    return SUCCESS;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    static char primary;
    (void)device;
    *context = &primary;
    return SUCCESS;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
    (void)device;
    return SUCCESS;
}

int cuCtxPushCurrent_v2(void *context) {
    contexts[depth++] = context;
    return SUCCESS;
}

int cuCtxPopCurrent_v2(void **context) {
    NEEDS_CONTEXT
    *context = contexts[--depth];
    return SUCCESS;
}

int cuCtxSetCurrent(void *context) {
    depth = depth ? depth : 1;
    contexts[depth - 1] = context;
    return SUCCESS;
}

int cuCtxGetCurrent(void **context) {
    *context = depth ? contexts[depth - 1] : NULL;
    return SUCCESS;
}

int cuStreamCreate(void **stream, unsigned flags) {
    NEEDS_CONTEXT
    (void)flags;
    *stream = malloc(1);
    return SUCCESS;
}

int cuStreamDestroy_v2(void *stream) {
    free(stream);
    return SUCCESS;
}

int cuStreamSynchronize(void *stream) {
    NEEDS_CONTEXT
    (void)stream;
    return SUCCESS;
}

int cuStreamQuery(void *stream) {
    NEEDS_CONTEXT
    (void)stream;
    return health;
}

/* For tests: events that exist, and which stream was told to wait for which. */
static int events;
static void *ordered[2];
int fake_events(void) { return events; }
uintptr_t fake_ordered(int which) { return (uintptr_t)ordered[which]; }

int cuEventCreate(void **event, unsigned flags) {
    enum { DISABLE_TIMING = 2 };
    NEEDS_CONTEXT
    *event = calloc(1, sizeof(void *));
    events++;
    return flags == DISABLE_TIMING ? SUCCESS : INVALID_VALUE;
}

int cuEventRecord(void **event, void *stream) {
    NEEDS_CONTEXT
    *event = stream;
    return SUCCESS;
}

int cuStreamWaitEvent(void *stream, void **event, unsigned flags) {
    NEEDS_CONTEXT
    ordered[0] = *event;
    ordered[1] = stream;
    return flags ? INVALID_VALUE : SUCCESS;
}

int cuEventDestroy_v2(void *event) {
    free(event);
    events--;
    return SUCCESS;
}

typedef struct {
    size_t src_x, src_y;
    unsigned src_type;
    const void *src_host;
    uint64_t src_device;
    void *src_array;
    size_t src_pitch;
    size_t dst_x, dst_y;
    unsigned dst_type;
    void *dst_host;
    uint64_t dst_device;
    void *dst_array;
    size_t dst_pitch;
    size_t width, height;
} Copy;

int cuMemcpy2DAsync_v2(const Copy *copy, void *stream) {
    NEEDS_CONTEXT
    (void)stream;
    const char *from = copy->src_type == HOST ? copy->src_host : (const char *)copy->src_device;
    char *to = copy->dst_type == HOST ? copy->dst_host : (char *)copy->dst_device;
    if (copy->src_pitch < copy->width || copy->dst_pitch < copy->width) {
        return INVALID_VALUE;
    }
    for (size_t y = 0; y < copy->height; y++) {
        memcpy(to + y * copy->dst_pitch, from + y * copy->src_pitch, copy->width);
    }
    return SUCCESS;
}

/* For tests: fills of the calling thread so far. */
static __thread int fills;
int fake_fills(void) { return fills; }

int cuMemsetD2D8Async(uint64_t to, size_t pitch, uint8_t value, size_t width, size_t height,
                      void *stream) {
    NEEDS_CONTEXT
    (void)stream;
    fills++;
    for (size_t y = 0; y < height; y++) {
        memset((char *)to + y * pitch, value, width);
    }
    return pitch < width ? INVALID_VALUE : SUCCESS;
}

int cuMemsetD2D32Async(uint64_t to, size_t pitch, uint32_t value, size_t width, size_t height,
                       void *stream) {
    NEEDS_CONTEXT
    (void)stream;
    if (to % 4 || pitch % 4 || pitch < width * 4) {
        return INVALID_VALUE;
    }
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++) {
            ((uint32_t *)((char *)to + y * pitch))[x] = value;
        }
    }
    return SUCCESS;
}

int cuMemHostAlloc(void **memory, size_t size, unsigned flags) {
    NEEDS_CONTEXT
    (void)flags;
    *memory = calloc(1, size);
    return SUCCESS;
}

int cuMemFreeHost(void *memory) {
    free(memory);
    return SUCCESS;
}

int cuMemGetInfo_v2(size_t *available, size_t *total) {
    *available = *total = 1 << 30;
    return SUCCESS;
}

/* Everything is device memory, except that the first page is nobody's. */
int cuPointerGetAttribute(void *value, int attribute, uint64_t address) {
    NEEDS_CONTEXT
    if (address <= 4096) {
        return INVALID_VALUE;
    }
    *(uint32_t *)value = attribute == 2 ? DEVICE : 0;
    return SUCCESS;
}

int cuGetErrorName(int code, const char **text) {
    *text = code == INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_OTHER";
    return SUCCESS;
}

int cuGetErrorString(int code, const char **text) {
    (void)code;
    *text = "an explanation";
    return SUCCESS;
}

/* It has no OpenGL. */
int cuGraphicsGLRegisterImage(void **resource, unsigned texture, unsigned target, unsigned flags) {
    (void)resource, (void)texture, (void)target, (void)flags;
    return INVALID_VALUE;
}

int cuGraphicsUnregisterResource(void *resource) {
    (void)resource;
    return INVALID_VALUE;
}

int cuGraphicsMapResources(unsigned count, void **resources, void *stream) {
    (void)count, (void)resources, (void)stream;
    return INVALID_VALUE;
}

int cuGraphicsUnmapResources(unsigned count, void **resources, void *stream) {
    (void)count, (void)resources, (void)stream;
    return INVALID_VALUE;
}

int cuGraphicsSubResourceGetMappedArray(void **array, void *resource, unsigned index, unsigned level) {
    (void)array, (void)resource, (void)index, (void)level;
    return INVALID_VALUE;
}
