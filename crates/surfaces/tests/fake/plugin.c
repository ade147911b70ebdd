/* A stand-in for the plugin of NVIDIA's decoder, whose element does nothing. Like NVIDIA's it prints
 * on standard output while it is loaded, and cannot be loaded without the surface library. */
#include <gst/gst.h>
#include <stdio.h>

extern int NvBufSurfaceDestroy(void *surface);
int (*needed)(void *) = NvBufSurfaceDestroy;

typedef GstElement Decoder;
typedef GstElementClass DecoderClass;
G_DEFINE_TYPE(Decoder, decoder, GST_TYPE_ELEMENT)

static void decoder_init(Decoder *self) { (void)self; }

static void decoder_class_init(DecoderClass *class) {
    gst_element_class_set_static_metadata(class, "decoder", "Codec", "does nothing", "nobody");
}

static gboolean plugin_init(GstPlugin *plugin) {
    printf("the plugin prints\n");
    return gst_element_register(plugin, "nvv4l2decoder", GST_RANK_PRIMARY, decoder_get_type());
}

#define PACKAGE "fake"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvvideo4linux2, "a stand-in", plugin_init,
                  "1.0", "LGPL", "fake", "fake")
