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

/* For tests: the filter of the thread's last call, and the color format of its source. */
static __thread uint32_t last_filter, last_format;
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

int NvBufSurfTransform(Surface *source, Surface *target, TransformParams *params) {
    const Slot *from = source->surfaceList;
    Slot *to = target->surfaceList;
    uint32_t bytes = to->planes.bytesPerPix[0];
    int needed = CROP_DST | FILTER;
    last_filter = params->filter;
    last_format = from->colorFormat;
    if (!session.cuda_stream || source->numFilled != 1 || target->batchSize != 1 ||
        (params->flag & needed) != (uint32_t)needed) {
        return INVALID_PARAMS;
    }
    if (from->planes.bytesPerPix[0] != bytes) {
        return UNSUPPORTED;
    }
    Rect all = {.width = from->width, .height = from->height};
    Rect src = params->flag & CROP_SRC ? *params->src_rect : all, dst = *params->dst_rect;
    for (uint32_t y = 0; y < dst.height; y++) {
        const char *row =
            (const char *)from->dataPtr + (src.top + y * src.height / dst.height) * from->pitch;
        char *out = (char *)to->dataPtr + (dst.top + y) * to->pitch;
        for (uint32_t x = 0; x < dst.width; x++) {
            memcpy(out + (dst.left + x) * bytes,
                   row + (src.left + x * src.width / dst.width) * bytes, bytes);
        }
    }
    target->numFilled = 1;
    return 0;
}
