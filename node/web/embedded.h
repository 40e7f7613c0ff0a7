/*
 * embedded: files of this room that the build turns into text.
 */
#ifndef SPECOLA_NODE_WEB_EMBEDDED_H
#define SPECOLA_NODE_WEB_EMBEDDED_H

extern const char web_style_css[], web_icon_svg[];

#endif
