/* A stand-in for libnvbufsurftransform.so: nearest-neighbour scaling of the first plane, whatever
 * the filter. Like the library it keeps a session per thread. */
#include "nvbufsurface.h"

#include <string.h>

typedef struct {
    uint32_t top, left, width, height;
    void *reserved[4];
} Rect;

typedef struct {
    uint32_t compute_mode;
    int32_t gpu_id;
    void *cuda_stream;
    void *reserved[4];
} ConfigParams;

typedef struct {
    uint32_t flag, flip, filter;
    Rect *src_rect, *dst_rect;
    void *reserved[4];
} TransformParams;

enum { UNSUPPORTED = -1, INVALID_PARAMS = -3 };
enum { CROP_SRC = 1, CROP_DST = 2, FILTER = 4 };

static __thread ConfigParams session;

/* For tests: calls of the thread so far; slots and filter of its last one, and the color format of
 * its last source. */
static __thread uint32_t calls, last_slots, last_filter, last_format;
uint32_t fake_calls(void) { return calls; }
uint32_t fake_slots(void) { return last_slots; }
uint32_t fake_filter(void) { return last_filter; }
uint32_t fake_source_format(void) { return last_format; }

int NvBufSurfTransformSetSessionParams(ConfigParams *config) {
    session = *config;
    return config->compute_mode == 2 ? UNSUPPORTED : 0;
}

int NvBufSurfTransformGetSessionParams(ConfigParams *config) {
    *config = session;
    return 0;
}

int NvBufSurfTransformComposite(void) { return UNSUPPORTED; }

static int transform_slot(const Slot *from, Slot *to, int crop, const Rect *crop_rect,
                          const Rect *dst) {
    uint32_t bytes = to->planes.bytesPerPix[0];
    if (from->planes.bytesPerPix[0] != bytes) {
        return UNSUPPORTED;
    }
    Rect all = {.width = from->width, .height = from->height};
    Rect src = crop ? *crop_rect : all;
    for (uint32_t y = 0; y < dst->height; y++) {
        const char *row =
            (const char *)from->dataPtr + (src.top + y * src.height / dst->height) * from->pitch;
        char *out = (char *)to->dataPtr + (dst->top + y) * to->pitch;
        for (uint32_t x = 0; x < dst->width; x++) {
            memcpy(out + (dst->left + x) * bytes,
                   row + (src.left + x * src.width / dst->width) * bytes, bytes);
        }
    }
    return 0;
}

int NvBufSurfTransform(Surface *source, Surface *target, TransformParams *params) {
    int needed = CROP_DST | FILTER;
    calls++;
    last_slots = source->numFilled;
    last_filter = params->filter;
    last_format = source->surfaceList->colorFormat;
    if (!session.cuda_stream || source->numFilled != source->batchSize ||
        target->batchSize != source->batchSize || target->numFilled != source->numFilled ||
        (params->flag & needed) != (uint32_t)needed) {
        return INVALID_PARAMS;
    }
    for (uint32_t i = 0; i < source->batchSize; i++) {
        int result = transform_slot(&source->surfaceList[i], &target->surfaceList[i],
                                    params->flag & CROP_SRC, &params->src_rect[i],
                                    &params->dst_rect[i]);
        if (result) {
            return result;
        }
    }
    return 0;
}
