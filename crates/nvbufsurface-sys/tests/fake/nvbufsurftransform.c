/* A stand-in for libnvbufsurftransform.so. */
#define DOES_NOTHING(name) \
    int name(void) { return 0; }

DOES_NOTHING(NvBufSurfTransformSetSessionParams)
DOES_NOTHING(NvBufSurfTransformGetSessionParams)
DOES_NOTHING(NvBufSurfTransform)
DOES_NOTHING(NvBufSurfTransformComposite)
