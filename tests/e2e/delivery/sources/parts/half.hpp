// A header beside the sources, in a subdirectory.
#pragma once
namespace built {
int half(int x);
}
