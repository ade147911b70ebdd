/* Mirrors of the structs, as field lists; the C compiler lays them out. NEW selects the
 * generation: 0 for DeepStream 4.0 to 7.1, 1 for 8.0 and later. */
#include "report.h"

enum { PLANES = 4, PADDING = 4 };

/* Any C enum: an int-sized integer. */
typedef enum { ANY_ENUM_MEMBER } any_enum;

#if NEW
#define TAIL void *reserved[PADDING];
#else
#define TAIL
#endif

typedef struct {
    uint32_t num_planes;
    uint32_t width[PLANES];
    uint32_t height[PLANES];
    uint32_t pitch[PLANES];
    uint32_t offset[PLANES];
    uint32_t psize[PLANES];
    uint32_t bytesPerPix[PLANES];
    void *reserved[PADDING * PLANES];
} PlaneParams;

typedef struct {
    void *basePtr;
    void *dataPtr;
    void *extMem;
    void *mipmap;
    uint8_t reserved[64];
} CudaBuffer;

typedef struct {
    void *dataPtr;
    uint64_t bufferDesc;
    uint8_t reserved[64];
} NvmmBuffer;

typedef struct {
    void *addr[PLANES];
    void *eglImage;
#if NEW
    NvmmBuffer *nvmmPtr;
    CudaBuffer *cudaPtr;
#endif
    void *reserved[PADDING];
} MappedAddr;

typedef struct {
    uint8_t chromaLocHoriz;
    uint8_t chromaLocVert;
#if NEW
    uint8_t reserved[6];
#endif
} ChromaSubsampling;

typedef struct {
    any_enum scanformat[PLANES];
    uint32_t secondfieldoffset[PLANES];
    uint32_t blockheightlog2[PLANES];
    uint32_t physicaladdress[PLANES];
    uint64_t flags[PLANES];
    uint64_t drmModifier[PLANES];
#if NEW
    void *reserved[PADDING * PLANES];
#else
    void *reserved[(PADDING - 1) * PLANES];
#endif
} PlaneParamsEx;

typedef struct {
    int32_t startofvaliddata;
    int32_t sizeofvaliddatainbytes;
    ChromaSubsampling chromaSubsampling;
    bool is_protected;
    PlaneParamsEx planeParamsex;
    void *reserved[PADDING];
} ParamsEx;

typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t pitch;
    any_enum colorFormat;
    any_enum layout;
    uint64_t bufferDesc;
    uint32_t dataSize;
    void *dataPtr;
    PlaneParams planeParams;
    MappedAddr mappedAddr;
    ParamsEx *paramex;
#if NEW
    CudaBuffer *cudaBuffer;
    void *reserved[PADDING];
#else
    void *reserved[PADDING - 1];
#endif
} Params;

typedef struct {
    uint32_t gpuId;
    uint32_t batchSize;
    uint32_t numFilled;
    bool isContiguous;
    any_enum memType;
    Params *surfaceList;
#if NEW
    bool isImportedBuf;
#endif
    void *reserved[PADDING];
} Surface;

typedef struct {
    uint32_t gpuId;
    uint32_t width;
    uint32_t height;
    uint32_t size;
    bool isContiguous;
    any_enum colorFormat;
    any_enum layout;
    any_enum memType;
    TAIL
} CreateParams;

typedef struct {
    CreateParams params;
    any_enum displayscanformat;
    ChromaSubsampling chromaSubsampling;
    any_enum memtag;
    bool disablePitchPadding;
    uint32_t reservedParam;
#if NEW
    void *reserved[PADDING];
#else
    void *reserved[PADDING - 1];
#endif
} AllocateParams;

typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t pitch;
    uint32_t offset;
    uint32_t psize;
    uint32_t secondfieldoffset;
    uint32_t blockheightlog2;
    uint64_t flags;
    uint8_t reserved[64];
} MapPlaneParams;

typedef struct {
    uint8_t ipcHandle[64];
    void *reserved[64];
} ExtendedMapParams;

typedef struct {
    uint32_t num_planes;
    uint32_t gpuId;
    uint64_t fd;
    uint32_t totalSize;
    any_enum memType;
    any_enum layout;
    any_enum scanformat;
    any_enum colorFormat;
    ChromaSubsampling chromaSubsampling;
    MapPlaneParams planes[PLANES];
#if NEW
    ExtendedMapParams *extendedMapParams;
    void *reserved[PADDING];
#else
    uint8_t reserved[64];
#endif
} MapParams;

typedef struct {
    any_enum driverType;
    bool isVicPresent;
    bool isIntegratedGpu;
    bool spare[2];
    any_enum platformType;
    uint8_t reserved[60];
} DeviceInfo;

typedef struct {
    any_enum type;
    void *reserved[PADDING];
} GpuL2SyncParams;

typedef struct {
    uint32_t top;
    uint32_t left;
    uint32_t width;
    uint32_t height;
    TAIL
} Rect;

typedef struct {
    any_enum compute_mode;
    int32_t gpu_id;
    struct CUstream_st *cuda_stream;
    TAIL
} ConfigParams;

typedef struct {
    uint32_t transform_flag;
    any_enum transform_flip;
    any_enum transform_filter;
    Rect *src_rect;
    Rect *dst_rect;
    TAIL
} TransformParams;

typedef struct {
    uint32_t composite_flag;
    uint32_t input_buf_count;
    Rect *src_comp_rect;
    Rect *dst_comp_rect;
    any_enum composite_filter;
    TAIL
} CompositeParams;

typedef struct {
    double red;
    double green;
    double blue;
    double alpha;
    TAIL
} ColorParams;

typedef struct {
    uint32_t composite_blend_flag;
    uint32_t input_buf_count;
    any_enum composite_blend_filter;
    ColorParams *color_bg;
    uint32_t *perform_blending;
    TAIL
} CompositeBlendParams;

typedef struct {
    CompositeBlendParams params;
    Rect *src_comp_rect;
    Rect *dst_comp_rect;
    any_enum *composite_blend_filter;
    float *alpha;
    void *reserved[PADDING];
} CompositeBlendParamsEx;
