// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/image/window.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace faintweb::image {
namespace {

template <template <Frame> typename Place>
constexpr bool never_turns_into_another() {
    return !std::is_convertible_v<Place<Frame::field>, Place<Frame::map>> &&
           !std::is_convertible_v<Place<Frame::map>, Place<Frame::field>> &&
           !std::is_convertible_v<Place<Frame::field>, Place<Frame::wide>> &&
           !std::is_convertible_v<Place<Frame::wide>, Place<Frame::field>> &&
           !std::is_convertible_v<Place<Frame::wide>, Place<Frame::map>> &&
           !std::is_convertible_v<Place<Frame::map>, Place<Frame::image>> &&
           !std::is_convertible_v<Place<Frame::image>, Place<Frame::map>> &&
           !std::is_convertible_v<Place<Frame::box>, Place<Frame::map>>;
}
static_assert(never_turns_into_another<Pixel>() && never_turns_into_another<Window>());
static_assert(!std::is_constructible_v<MapWindow, FieldWindow> &&
              !std::is_constructible_v<ImageWindow, MapWindow>);

template <typename Place>
concept GoesOnAMap = requires(const Place& place, const MapPixel& corner) {
    on_map(place, corner);
};
static_assert(GoesOnAMap<FieldPixel> && GoesOnAMap<WideWindow> && GoesOnAMap<ImageWindow>);
static_assert(!GoesOnAMap<MapPixel> && !GoesOnAMap<Pixel<Frame::box>>);

/// A field at (100, 200) of its map, with a margin of 5 pixels, and a tile of it.
constexpr MapWindow field{100, 200, 60, 50};
constexpr std::int64_t margin_px = 5;
constexpr FieldWindow tile{40, 10, 20, 20};

TEST(Window, AFieldLiesOnItsMap) {
    EXPECT_EQ(on_map(tile, field.corner()), (MapWindow{140, 210, 20, 20}));
    EXPECT_EQ(on_map(tile.middle(), field.corner()), (MapPixel{150, 220}));
}

TEST(Window, AFieldLiesInsideItsMargin) {
    EXPECT_EQ(in_wide(tile, margin_px), (WideWindow{45, 15, 20, 20}));
    EXPECT_EQ(in_wide(FieldPixel{}, margin_px), (WidePixel{5, 5}));
    const MapWindow wide = widened(field, margin_px);
    EXPECT_EQ(wide, (MapWindow{95, 195, 70, 60}));
    EXPECT_EQ(on_map(in_wide(tile, margin_px), wide.corner()), on_map(tile, field.corner()));
}

TEST(Window, AMarginBeginsInTheWideFieldWhereWhatItSurroundsDoesInTheField) {
    EXPECT_EQ(with_margin(tile, margin_px), (WideWindow{40, 10, 30, 30}));
    EXPECT_EQ(on_map(with_margin(tile, margin_px), widened(field, margin_px).corner()),
              widened(on_map(tile, field.corner()), margin_px));
}

TEST(Window, AnImageShowsAPartOfAMap) {
    const MapWindow shown{-3, 190, 200, 100};
    EXPECT_EQ(in_image(field, shown.corner()), (ImageWindow{103, 10, 60, 50}));
    EXPECT_EQ(on_map(in_image(field, shown.corner()), shown.corner()), field);
    EXPECT_EQ(in_image(field), (ImageWindow{100, 200, 60, 50}));
}

TEST(Window, ContainsItsPixels) {
    EXPECT_TRUE(field.contains({100, 200}));
    EXPECT_TRUE(field.contains({159, 249}));
    for (const MapPixel outside : {MapPixel{99, 200}, {100, 199}, {160, 249}, {159, 250}}) {
        EXPECT_FALSE(field.contains(outside));
    }
}

}  // namespace
}  // namespace faintweb::image
